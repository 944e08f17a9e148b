"""The demonstration's own copy of this repository: it commits to it, and never to the reader's checkout."""

from __future__ import annotations

import secrets
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from fairlead.passed import GIT
from fairlead.process import run

ENVIRONMENT = "demo"
ENVIRON_FILE = "demo.env"
_GIVEN = {"board_webhooks": "# nobody is notified in the demonstration\n"}


@dataclass(frozen=True)
class Repository:
    """A clone in ``root`` that the demonstration may change."""

    root: Path

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace the one place in ``path`` that reads ``old``.

        Raises:
            ValueError: the file does not hold it exactly once.
        """
        file = self.root / path
        text = file.read_text()
        if text.count(old) != 1:
            raise ValueError(f"{path} was to hold {old!r} once, it does {text.count(old)} times")
        file.write_text(text.replace(old, new))

    def commit(self, message: str) -> str:
        """Commit everything and return the revision."""
        run(["git", "add", "--all"], also=GIT, cwd=self.root)
        run(["git", "commit", "--quiet", "--message", message], also=GIT, cwd=self.root)
        return run(["git", "rev-parse", "HEAD"], also=GIT, cwd=self.root).stdout.strip()

    def revert(self) -> None:
        """Take the last commit back by a new one."""
        run(["git", "revert", "--no-edit", "HEAD"], also=GIT, cwd=self.root)


def clone(source: Path, target: Path) -> Repository:
    """Clone the commit that ``source`` stands at into ``target``, which is emptied first."""
    shutil.rmtree(target, ignore_errors=True)
    run(["git", "clone", "--quiet", "--no-hardlinks", source, target], also=GIT)
    run(["git", "checkout", "--quiet", "-B", "main"], also=GIT, cwd=target)
    # Whoever goes on here may commit, whether this machine knows them or not.
    for key, value in ("user.name", "Demo"), ("user.email", "demo@example.com"):
        run(["git", "config", key, value], also=GIT, cwd=target)
    return Repository(target)


def add_environment(repository: Repository, host: str, address: str, known_hosts: Path) -> None:
    """Give fairlead.yaml an environment ``demo``: one server of the lab, with the board told about each deploy."""
    file = repository.root / "fairlead.yaml"
    document = yaml.safe_load(file.read_text())
    shutil.copy(known_hosts, repository.root / "known_hosts")
    url = f"https://{address}"
    document["environments"] = {
        ENVIRONMENT: {
            "hosts": [host],
            "url": url,
            "known_hosts": "known_hosts",
            "variables": {"SITE_ADDRESS": url, "SITE_HOST": address},
            "secrets": sorted(_secret_names(document)),
        }
    }
    document["events"] = {"url": url, "token": "board_token"}
    file.write_text(yaml.safe_dump(document, sort_keys=False))


def make_secrets(repository: Repository, folder: Path) -> Mapping[str, str]:
    """One random value for each secret of the environment, kept in ``folder``; returned as variables."""
    document = yaml.safe_load((repository.root / "fairlead.yaml").read_text())
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    values = {}
    for name in document["environments"][ENVIRONMENT]["secrets"]:
        file = folder / name
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(_GIVEN.get(name) or secrets.token_urlsafe(24))
        values[f"FAIRLEAD_SECRET_{name.upper()}"] = file.read_text()
    return values


def write_environ(repository: Repository, environ: Mapping[str, str]) -> None:
    """Leave what a shell needs to go on where the demonstration stopped: its variables, and the command.

    Read by ``. ./demo.env``; for the reader's eyes only, and unknown to git.
    """
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(environ.items())]
    bootstrap = shlex.quote(str(repository.root / "bootstrap"))
    lines.append(f'fairlead() {{ {bootstrap} --for use fairlead "$@"; }}')
    file = repository.root / ENVIRON_FILE
    file.touch(mode=0o600)
    file.write_text("\n".join(lines) + "\n")
    with (repository.root / ".git" / "info" / "exclude").open("a") as exclude:
        exclude.write(f"/{ENVIRON_FILE}\n")


def _secret_names(document: Mapping[str, object]) -> set[str]:
    environments = document["environments"]
    assert isinstance(environments, dict)
    return {name for environment in environments.values() for name in environment.get("secrets", ())}
