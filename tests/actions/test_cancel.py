"""A job that is cancelled, and a push while a deploy runs: what serves, what the page says, and that the next one heals.

The step of the action `deploy` is run as the runner runs it, and ended as the runner ends it. The server's task is held
in a phase until the client has asked it to stop, so that each phase is met on any machine.

Tried elsewhere, and not once more here:

==============================================  ==============================================
a client that is killed, without a word         tests/e2e/test_remote.py
a terminal's Ctrl-C, once and twice             tests/e2e/test_interrupt.py
the agent dies, in any phase and any step       tests/integration/host/test_crash.py
several hosts, held in `ready` and `agree`      tests/integration/host/test_fleet.py, tests/e2e/survival
the same command again, after a cancelled one   tests/integration/remote/test_conversation.py
an older commit that gets the lock later        tests/integration/host/test_queue.py
a registry that dies while images are pushed    tests/integration/image/test_publish.py
==============================================  ==============================================
"""

from __future__ import annotations

import re
import secrets
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from fairlead.host.wire.phases import COMMIT, COMMITTED, PHASES, START, PhaseFacts
from lab.state import Server
from lab.wipe import wipe_server
from tests.actions.held import held
from tests.actions.job import ROOT, Project
from tests.actions.runner import Ran, Runner, Step, cancel
from tests.adversary.author.test_texts import OURS, commands, steering
from tests.e2e.workbench import containers, visit
from tests.patience import PATIENCE
from tests.processes import wait_ended

# A host of its own has no phase that waits for others.
_ALONE = [phase for phase in PHASES if not phase.holds]
FIRST = _ALONE[: _ALONE.index(START)]
LATER = _ALONE[_ALONE.index(START) :]
LATE = [phase for phase in LATER if phase is COMMIT or phase.stage == COMMITTED]
_ASKED = "asked the server to stop"

OWN = """\
on: {push: {branches: [main]}}
permissions: {}
jobs:
  deploy:
    runs-on: ubuntu-24.04
    environment: lab
    permissions: {contents: read, packages: read}
    steps:
      - uses: CHECKOUT
        with: {fetch-depth: 0, persist-credentials: false}
      - uses: ./.github/actions/setup
        with: {for: deploy}
      - uses: ./.github/actions/deploy
        id: deploy
        with:
          environment: lab
          ssh-key: ${{ secrets.FAIRLEAD_SSH_KEY }}
          secrets: ${{ secrets.FAIRLEAD_SECRETS }}
      - if: always()
        env:
          TOLD: exit=${{ steps.deploy.outputs.exit-code }} status=${{ steps.deploy.outputs.status }} serving=${{ steps.deploy.outputs.serving }} error=${{ steps.deploy.outputs.error }}
        run: echo "$TOLD"
"""
MESSAGE = "``` `id > pwned` ::error::pwned\r::stop-commands::x\x1b[2J \u202e<img src=x> $(touch pwned) @everyone\n\nrelease<<E\n::add-mask::e"
BRANCH = "x$(touch${IFS}pwned);`id>pwned`&%3A%3Aerror%3A%3Apwned%0Arelease<<E"
FILE = "$(touch pwned)\r::error::pwned\nrelease<<E"
ACTOR = "eve\r::error::pwned\n::stop-commands::x"


class Job:
    """Deploys of a published commit by the action, as one version after another of it."""

    def __init__(self, project: Project, server: Server, folder: Path) -> None:
        environ = project.environ()
        self.project, self.server = project, server
        self._access = {
            "environment": "lab",
            "ssh-key": environ.pop("FAIRLEAD_SSH_KEY"),
            "secrets": environ.pop("FAIRLEAD_SECRETS"),
        }
        self.runner = Runner(project, folder, environ)
        self._settings = project.root / "fairlead.yaml"
        self._plain = self._settings.read_text()
        self._versions = 0

    def publish(self) -> list[Ran]:
        """Build, scan and publish the last commit."""
        done = [self.runner.run(action) for action in ("build", "scan", "publish")]
        assert [ran.code for ran in done] == [0, 0, 0], done
        return done

    def change(self, *, window: str) -> str:
        """Another version of the app, and how long it is watched; what it will say."""
        self._versions += 1
        colour = f"colour-{self._versions}"
        text = self._plain.replace("window: 1s", f"window: {window}")
        line = "    secrets: [canary]\n"
        self._settings.write_text(text.replace(line, f"{line}    variables: {{COLOUR: {colour}}}\n"))
        return colour

    def start(self) -> Step:
        return self.runner.start("deploy", self._access)

    def deploy(self) -> Ran:
        ran = self.start().ended()
        assert ran.code == 0, ran.log
        return ran

    def wait_for_the_lock(self) -> Step:
        """Begin a deploy that finds another one under way."""
        step = self.start()
        step.until("waiting for deploy of ")
        return step

    def cancel_in(self, phase: PhaseFacts) -> Ran:
        """Deploy, and cancel the job in a phase."""
        with held(self.server, phase.name) as task:
            step = self.start()
            task.wait(step)
            step.process.send_signal(signal.SIGINT)
            step.until(_ASKED)
            task.go_on()
            return step.ended()


@pytest.fixture(scope="module")
def job(project: Project, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    """A project of which one commit is published, and nothing of it on the server."""
    made = Job(project, server, tmp_path_factory.mktemp("steps"))
    made.publish()
    yield made
    made.runner.close()


def test_a_first_deploy_that_is_cancelled_leaves_nothing_and_the_next_one_is_live(job: Job) -> None:
    """Before anything serves, in each phase that a first deploy alone has something to do in."""
    wipe_server(job.server)
    for phase in FIRST:
        job.change(window="10m")
        ran = job.cancel_in(phase)
        assert ran.code == 130, ran.log
        assert ran.headline == f"✗ tiny {ran.outputs['release']} was stopped and taken back; nothing serves"
        assert ran.outputs["exit-code"] == "130"
        assert webs(job.server) == []
    said = job.change(window="1s")
    assert job.deploy().outputs["release"] == f"{len(FIRST) + 1:06}"
    assert greeting(job.server) == said


def test_a_push_while_a_deploy_runs_waits_for_it_and_a_job_that_waits_can_be_cancelled(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host's lock puts them in order: both are live one after the other, the newest serves at the end.

    What people may write of the second push is data wherever it is told: message, names of branch and file, author.
    """
    project = job.project
    job.change(window="1s")
    if not webs(job.server):
        job.deploy()
        job.change(window="1s")
    with held(job.server, "start") as task:
        first = job.start()
        task.wait(first)
        project.git("checkout", "--quiet", "-B", BRANCH)
        (project.root / FILE).write_text(MESSAGE)
        last = job.change(window="1s")
        revision = project.commit(MESSAGE)
        monkeypatch.setattr(job.runner, "job", {"GITHUB_REF": f"refs/heads/{BRANCH}", "GITHUB_ACTOR": ACTOR})
        published = job.publish()
        waiting = job.wait_for_the_lock()
        waiting.process.send_signal(signal.SIGINT)
        cancelled = waiting.ended()
        second = job.wait_for_the_lock()
        task.go_on()
        before, ran = first.ended(), second.ended()
    assert (cancelled.code, before.code, ran.code) == (130, 0, 0), cancelled.log + before.log + ran.log
    assert cancelled.headline.startswith("✗ tiny was left alone: stopped before anything was touched; ")
    assert int(ran.outputs["release"]) == int(before.outputs["release"]) + 1
    assert ran.headline.endswith(f" serves; {before.outputs['release']} served before")
    assert visit(job.server)[1] == revision
    assert greeting(job.server) == last
    for one in (*published, cancelled, before, ran):
        assert commands(one.log) <= OURS
        assert steering(one.log + one.page) == set()
        assert all(re.fullmatch("[a-z-]+", name) for name in one.outputs), one.outputs
    assert "<code>&#96;&#96;&#96; &#96;id &#62; pwned&#96; &#58;&#58;error&#58;&#58;pwned" in ran.page
    assert not list(project.root.parent.rglob("pwned"))


def test_a_deploy_that_is_cancelled_says_what_serves_and_the_next_one_heals(job: Job) -> None:
    """In each phase up to the commit what served before serves on; from there on it is the new release."""
    served = job.change(window="1s")
    job.deploy()
    for phase in LATER:
        is_late = phase in LATE
        said = job.change(window="1s" if is_late else "10m")
        ran = job.cancel_in(phase)
        release, previous = ran.outputs["release"], ran.outputs["previous"]
        served = said if is_late else served
        assert ran.code == 130, ran.log
        assert ran.headline == (
            f"✗ tiny {release} was live before it could be stopped; {release} serves"
            if is_late
            else f"✗ tiny {release} was stopped and taken back; {previous} serves as before"
        )
        assert ran.outputs["error"] == ran.headline.removeprefix("✗ ")
        assert ran.outputs["serving"] == (release if is_late else previous)
        assert "once more leaves" not in ran.log
        assert greeting(job.server) == served
        assert webs(job.server) == [f"web-{ran.outputs['serving']}"]
    said = job.change(window="1s")
    ran = job.deploy()
    assert greeting(job.server) == said
    assert webs(job.server) == [f"web-{ran.outputs['release']}"]


def test_a_build_that_is_cancelled_ends_with_all_that_it_started_and_the_next_one_builds(job: Job) -> None:
    """The runner's signals are for the process of the step alone: what that has started would go on for hours."""
    dockerfile = job.project.root / "Dockerfile"
    plain, seconds = dockerfile.read_text(), f"61{secrets.randbelow(10**6):06}"
    dockerfile.write_text(
        plain.replace("USER", f'RUN ["python3", "-c", "import time; time.sleep({seconds})"]\nUSER')
    )
    step = job.runner.start("build")
    step.wait_for(lambda: bool(running(f"time.sleep({seconds})")))
    step.process.send_signal(signal.SIGINT)
    ran = step.ended()
    assert ran.code == 130, ran.log
    assert ran.headline == "✗ interrupted"
    deadline = time.monotonic() + PATIENCE
    while running(f"time.sleep({seconds})"):
        assert time.monotonic() < deadline, "the builder is still at it"
        time.sleep(0.1)
    dockerfile.write_text(plain)
    assert job.runner.run("build").code == 0


def test_a_workflow_hears_of_a_cancelled_deploy_whose_server_does_not_answer_in_time(job: Job) -> None:
    """All of the runner's signals, to the step of a job of one's own under act: ten seconds are told, and not more.

    The server stands still, so that nobody can tell how it ends; it ends by itself, and the same job again heals.
    """
    job.change(window="1s")
    job.deploy()
    job.change(window="10m")
    pinned = re.search(
        r"actions/checkout@[0-9a-f]{40}", (ROOT / ".github/workflows/rollback.yml").read_text()
    )
    assert pinned is not None
    (job.project.root / ".github/workflows/own.yml").write_text(OWN.replace("CHECKOUT", pinned[0]))
    job.project.commit("Deploy by a workflow of our own")
    job.publish()
    with held(job.server, "watch") as task, ThreadPoolExecutor(1) as pool:
        act = pool.submit(job.project.run, "push", "own.yml")
        task.wait()
        (pid,) = (pid for pid in running("-m fairlead deploy") if str(job.project.root) in variables(pid))
        cancel(pid, partial(wait_ended, pid))
        ended = act.result()
        assert greeting(job.server)
        task.go_on()
    assert ended.code != 0
    assert (
        "exit=130 status=unknown serving= error=tiny is in doubt: left the server in the phase watch: "
        in ended.log
    )
    said = job.change(window="1s")
    job.deploy()
    assert greeting(job.server) == said


def variables(pid: int) -> str:
    """The variables that a process was started with; none of one that is somebody else's."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    return ""


def greeting(server: Server) -> str:
    """What a visitor is told by the version that serves."""
    status, _, body = visit(server)
    assert status == 200
    return body.split()[1]


def webs(server: Server) -> list[str]:
    """The containers of the web service that run, by release."""
    return sorted(found[0] for name in containers(server) if (found := re.search(r"web-\d{6}", name)))


def running(words: str) -> list[int]:
    """The processes of this machine with these words in their command line, builds included."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            found += [int(path.parent.name)] if words in line else []
    return found
