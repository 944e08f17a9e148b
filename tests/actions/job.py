"""A repository on GitHub, as far as a workflow can tell: act runs its workflows on this machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fairlead.image.registry.credentials import Credentials
from fairlead.tools.cache import cache_dir
from fairlead.tools.locate import locate
from lab.state import Lab, Server

ROOT = Path(__file__).parents[2]
APP = ROOT / "tests" / "e2e" / "apps" / "tiny"

# What the lab needs where GitHub would reach Docker Hub and Trivy's own database.
_LAB_VARIABLES = (
    "CONTAINERS_REGISTRIES_CONF",
    "FAIRLEAD_BUILD_CONTEXTS",
    "TRIVY_DB_REPOSITORY",
    "TRIVY_CACHE_DIR",
)
_SECRETS = ("GITHUB_TOKEN", "FAIRLEAD_SSH_KEY", "FAIRLEAD_SECRETS")
_TIMEOUT = 600.0
_LEFT_OUT = re.compile(r" *(deployment: false\b|built: \$\{\{ toJSON\(needs)")
"""What act 0.2.89 has not: `deployment:` of an environment, and the outputs of all jobs of a matrix."""
# The actions of GitHub that the workflows use, each in its folder.
_STAND_INS = ("checkout", "upload-artifact", "download-artifact")
# What runs in a workflow: Fairlead, and the workflows themselves.
_NEEDED = (".github", "bootstrap", "ci", "pyproject.toml", "requirements")


@dataclass(frozen=True)
class Ended:
    """How a workflow ended: act's exit code and the log."""

    code: int
    log: str

    def output(self, name: str) -> str:
        """The last value of an output of that name, of whatever step."""
        values = re.findall(rf"::set-output:: {re.escape(name)}=(.*)$", self.log, re.MULTILINE)
        assert values, f"no step put `{name}` out:\n{self.log}"
        return str(values[-1])


class Project:
    """What workflows run of this repository, committed or not, with the tiny app in the place of the board."""

    slug = "acme/tiny"
    # What is put before act's own words: who runs it.
    _before: tuple[str, ...] = ()

    def __init__(self, folder: Path, lab: Lab, server: Server) -> None:
        self.root = folder / "repository"
        self._folder = folder
        self._lab = lab
        self._server = server
        self._copy()
        self._stand_ins = folder / "stand-ins"
        for name in _STAND_INS:
            shutil.copytree(Path(__file__).parent / name, self._stand_ins / name)
            self._commit(self._stand_ins / name, "Stand in")
        self._artifacts = folder / "artifacts"
        self.git("remote", "add", "origin", f"https://github.com/{self.slug}.git")

    def _copy(self) -> None:
        copy_fairlead(self.root)
        shutil.copytree(APP, self.root, dirs_exist_ok=True)
        shutil.copy(self._lab.known_hosts, self.root / "known_hosts")
        settings = self.root / "fairlead.yaml"
        text = settings.read_text().replace("127.0.0.2", self._server.address)
        settings.write_text(f"registry: {self._lab.registry}/apps/tiny-actions\n{text}")
        self.commit("First")

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace the one place in ``path`` that reads ``old``."""
        file = self.root / path
        text = file.read_text()
        assert text.count(old) == 1
        file.write_text(text.replace(old, new))

    def commit(self, message: str) -> str:
        """Commit everything and return the revision."""
        self._commit(self.root, message)
        return self.git("rev-parse", "HEAD")

    def propose(self, message: str) -> str:
        """Commit to a branch, check its merge into main out, as GitHub does, and return the branch's commit."""
        main = self.git("rev-parse", "main")
        self.git("checkout", "--quiet", "-B", "proposal", main)
        head = self.commit(message)
        self.git("checkout", "--quiet", "--detach", main)
        self.git("merge", "--quiet", "--no-ff", "--message", "Merge", "proposal")
        return head

    def git(self, *words: str) -> str:
        return _git(self.root, *words).strip()

    def run(self, event: str, workflow: str, *words: str, env: Mapping[str, str] | None = None) -> Ended:
        """Let ``event`` start a workflow, on this machine instead of a runner, hermetically."""
        argv = [*self._before, str(locate("act")), event, "--workflows", str(self._workflows / workflow)]
        for label in ("ubuntu-24.04", "ubuntu-24.04-arm"):
            argv += ["--platform", f"{label}=-self-hosted"]
        argv += ["--no-cache-server", "--action-offline-mode", "--no-skip-checkout"]
        for name, place in self._instead.items():
            argv += ["--local-repository", f"{name}={place}"]
        environ = {**self._environ(), **(env or {})}
        argv += ["--actor", self._lab.username, "--var", "FAIRLEAD_ENVIRONMENT=lab"]
        # Of one that is empty act would ask somebody.
        argv += [word for name in _SECRETS if environ.get(name) for word in ("--secret", name)]
        argv += words
        done = subprocess.run(
            argv,
            cwd=self.root,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        return Ended(done.returncode, done.stdout)

    def environ(self) -> dict[str, str]:
        """The variables of a job in which the secrets of the repository are known."""
        return self._environ()

    @property
    def _instead(self) -> dict[str, Path]:
        """The folder that act takes in the place of each repository that a workflow names."""
        text = "".join(path.read_text() for path in ROOT.glob(".github/workflows/*.yml"))
        pinned = set(re.findall(r"(actions/([a-z-]+)@[0-9a-f]{40})", text))
        return {whole: self._stand_ins / name for whole, name in pinned if name in _STAND_INS}

    @property
    def _workflows(self) -> Path:
        return self.root / ".github" / "workflows"

    def _environ(self) -> dict[str, str]:
        """This process's variables without any of Fairlead's or GitHub's, and the secrets of the repository."""
        own = {
            name: value for name, value in os.environ.items() if not name.startswith(("FAIRLEAD_", "GITHUB_"))
        }
        lab = {name: self._lab.environ[name] for name in _LAB_VARIABLES if name in self._lab.environ}
        return {
            **own,
            **lab,
            "CHECKOUT_FROM": str(self.root),
            # As docker/login-action leaves it: the job's token is for ghcr.io alone.
            "DOCKER_CONFIG": str(self._log_in()),
            "BUILDX_CONFIG": str(Path.home() / ".docker" / "buildx"),
            "ARTIFACTS": str(self._artifacts),
            "FAIRLEAD_CACHE": str(cache_dir()),
            "XDG_CACHE_HOME": str(self._folder / "act"),
            "GITHUB_TOKEN": self._lab.password,
            "FAIRLEAD_SSH_KEY": self._lab.identity.read_text(),
            "FAIRLEAD_SECRETS": "CANARY=canary-77ab-in-no-log\n",
        }

    def _log_in(self) -> Path:
        """Docker's configuration with the login of the lab's registry."""
        folder = self._folder / "docker"
        folder.mkdir(exist_ok=True)
        login = Credentials(self._lab.registry, self._lab.username, self._lab.password)
        (folder / "config.json").write_text(json.dumps(login.docker_auth()))
        return folder

    @staticmethod
    def _commit(folder: Path, message: str) -> None:
        if not (folder / ".git").is_dir():
            _git(folder, "init", "--quiet", "--initial-branch", "main")
        _git(folder, "add", "--all")
        _git(folder, "commit", "--quiet", "--allow-empty", "--message", message)


def copy_fairlead(folder: Path) -> None:
    """What runs in a workflow of this repository, as it is here, committed or not."""
    words = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *_NEEDED)
    for name in filter(None, _git(ROOT, *words).split("\0")):
        source, to = ROOT / name, folder / name
        if source.is_file():
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to)
    for path in folder.glob(".github/workflows/*.yml"):
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if not _LEFT_OUT.match(line)))


def _git(folder: Path, *words: str) -> str:
    # The repository of an ordinary user, where root runs the tests.
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "safe.directory=*"]
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout
