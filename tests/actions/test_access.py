"""What a stranger forgets or gets wrong: one clear error before the build, by the name of the secret or input.

Each fault is met by the action `ship`, which judges, asks and builds in one step, as `check` does before the pipeline's
builds; that `pipeline.yml` builds nothing after a failed check is seen under act, once.

Tried elsewhere, and not once more here:

==================================================  ====================================================
every way in which ssh fails, in a job's words      tests/unit/github/test_words.py
a key that lost its shape on its way, mended        tests/unit/remote, tests/e2e/test_remote.py
host keys, unreachable hosts, at a terminal         tests/e2e/test_bad_input.py, tests/e2e/test_remote.py
the syntax of FAIRLEAD_SECRETS                      tests/unit/release
a login by docker/login-action                      the other files here: it is how their jobs log in
to which registry the job's token goes              tests/unit/image/registry
the same run again, after a key was mended          tests/actions, the stranger's re-runs
==================================================  ====================================================
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lab.state import Lab, Server
from tests.actions.job import Project
from tests.actions.runner import Ran, Runner
from tests.e2e.workbench import containers, on_server, visit

OTHER_HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3Yb8gGOJ1J8b6PZ4T0xDLmbm5y9bXW1m8sYk3tYk9f"
# What nobody who wrote a workflow has said, or can look at.
NOT_HIS = re.compile(r"/tmp/|~/\.ssh|[^`]--(identity|known-hosts|environment|secrets-dir|registry)|Traceback")


@dataclass(frozen=True)
class Access:
    """What a job is given, in variables and in inputs."""

    environment: str
    ssh_key: str
    secrets: str
    known_hosts: str = ""
    registry: str = ""
    registry_username: str = ""
    registry_password: str = ""


class Job:
    """A job of a repository of which nothing was ever built; it has no login but what its inputs say."""

    def __init__(self, project: Project, lab: Lab, server: Server, folder: Path) -> None:
        environ = project.environ()
        self.project, self.server, self.folder = project, server, folder
        self.good = Access(
            "lab",
            environ.pop("FAIRLEAD_SSH_KEY"),
            environ.pop("FAIRLEAD_SECRETS"),
            registry=f"{lab.registry}/apps/tiny-access",
            registry_username=lab.username,
            registry_password=lab.password,
        )
        # Whoever names another registry gives it a login of its own: the job's token is no password there.
        environ["GITHUB_TOKEN"] = "ghs_of-the-job-alone"
        environ["DOCKER_CONFIG"] = str(folder / "nobody-logged-in")
        (project.root / "no-line.txt").touch()
        (project.root / "other.txt").write_text(f"{server.address} {OTHER_HOST_KEY}\n")
        project.commit("Host keys")
        self.runner = Runner(project, folder, environ)

    def ship(self, access: Access) -> Ran:
        return self.runner.run(
            "ship", {name.replace("_", "-"): value for name, value in vars(access).items()}
        )

    def new_key(self, passphrase: str = "") -> str:
        """A key that no server knows."""
        file = self.folder / f"key-{len(passphrase)}"
        if not file.exists():
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(file)]
            subprocess.run(words, check=True)
        return file.read_text()


@pytest.fixture(scope="module")
def job(
    project: Project, lab: Lab, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Job]:
    """A job on a commit that was never built, for a server with nothing on it."""
    made = Job(project, lab, server, tmp_path_factory.mktemp("steps"))
    yield made
    made.runner.close()


def _damaged(key: str) -> str:
    first, second, *rest = key.splitlines()
    return "\n".join([first, second[::-1], *rest])


Change = Callable[[Job], Access]
KEY = r"the input `ssh-key` \(FAIRLEAD_SSH_KEY\)"
FAULTS: dict[str, tuple[Change, int, str]] = {
    "no key": (lambda job: replace(job.good, ssh_key=""), 4, f"{KEY} is empty"),
    "a key that was cut off": (
        lambda job: replace(job.good, ssh_key=job.good.ssh_key[:200]),
        2,
        f"{KEY} is wrong.*it holds no private key: its end is missing: it was cut off",
    ),
    "a damaged key": (
        lambda job: replace(job.good, ssh_key=_damaged(job.good.ssh_key)),
        4,
        f"cannot use the key in {KEY}",
    ),
    "the public half": (
        lambda job: replace(job.good, ssh_key=OTHER_HOST_KEY),
        2,
        f"{KEY} is wrong.*it holds no private key: it begins like a public key",
    ),
    "the name of a file": (
        lambda job: replace(job.good, ssh_key="./deploy_key"),
        2,
        f"{KEY} is wrong.*it holds no private key: it looks like the path of a file",
    ),
    "a passphrase": (
        lambda job: replace(job.good, ssh_key=job.new_key("open sesame")),
        2,
        f"{KEY} is wrong.*has a passphrase",
    ),
    "another key": (
        lambda job: replace(job.good, ssh_key=job.new_key()),
        4,
        f"does not accept the key in {KEY}",
    ),
    "no secrets": (
        lambda job: replace(job.good, secrets=""),
        2,
        r"the secret canary is missing.*a line canary=… in the input `secrets` \(FAIRLEAD_SECRETS\)",
    ),
    "another environment": (
        lambda job: replace(job.good, environment="staging"),
        2,
        r"there is no environment staging.*known here: lab \(the input `environment`\)",
    ),
    "host keys that are not there": (
        lambda job: replace(job.good, known_hosts="hosts.txt"),
        2,
        "input `known-hosts` is `hosts.txt`: there is no such file",
    ),
    "no host key": (
        lambda job: replace(job.good, known_hosts="no-line.txt"),
        4,
        r"the host key of deploy@\S+ is not known.*no-line\.txt has no line.*ssh-ed25519 AAAA",
    ),
    "another host key": (
        lambda job: replace(job.good, known_hosts="other.txt"),
        4,
        r"the host key of deploy@\S+ has changed.*other\.txt",
    ),
    "another password": (
        lambda job: replace(job.good, registry_password="wrong"),
        4,
        "the login.*`registry-password`",
    ),
    "no password": (
        lambda job: replace(job.good, registry_password=""),
        2,
        "the input `registry-password`",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_missing_or_wrong_is_told_before_the_build(job: Job, server: Server, fault: str) -> None:
    """In the log, on the page, and as an output; nothing is built, published or put on the server."""
    change, code, said = FAULTS[fault]
    access = change(job)
    ran = job.ship(access)
    assert ran.code == code, ran.log
    for told in (ran.log, ran.page):
        assert re.search(said, _plain(told), re.DOTALL), told
        assert not NOT_HIS.search(told), told
    assert ran.outputs["exit-code"] == str(code)
    assert ran.outputs["error"]
    assert not (job.project.root / ".fairlead" / "build.json").exists()
    assert containers(server) == []


def test_a_pipeline_without_its_key_builds_nothing(job: Job, server: Server) -> None:
    """The whole workflow: its job `check` says what is missing, and no job after it is begun."""
    ended = job.project.run("push", "pipeline.yml", env={"FAIRLEAD_SSH_KEY": ""})
    assert ended.code != 0
    assert re.search(f"{KEY} is empty", ended.output("error"))
    assert "exec fairlead check" in ended.log
    assert "exec fairlead build" not in ended.log
    assert containers(server) == []


def test_another_registry_is_logged_in_to_by_inputs(job: Job, server: Server, lab: Lab) -> None:
    """Built, published and pulled with them; the login is left neither on the runner nor on the server."""
    ran = job.ship(job.good)
    assert ran.code == 0, ran.log
    assert visit(server)[0] == 200
    assert not list(job.folder.rglob("nobody-logged-in/*"))
    find = ["grep", "-rlF", lab.password, "/srv/fairlead", f"/home/{server.user}"]
    assert on_server(server, *find, check=False) == ""


def _plain(text: str) -> str:
    """A page without what keeps Markdown from reading what is data."""
    return text.replace("&#8203;", "").replace("\\", "")
