"""A repository that has never heard of Fairlead: it calls Fairlead's workflows as anybody does, as an ordinary user."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from fairlead.tools.cache import cache_dir
from lab.state import Lab, Server
from tests.actions.job import Ended, Project, copy_fairlead

APP = Path(__file__).parent / "guestbook"
_MIRRORS = "CONTAINERS_REGISTRIES_CONF"
_NOBODY = 65534
_SOCKET = Path("/var/run/docker.sock")


class Stranger(Project):
    """An app in a repository of its own, a Flask app with its Redis unless another one is named, and Fairlead elsewhere."""

    slug = "acme/guestbook"

    def __init__(
        self, folder: Path, lab: Lab, server: Server, environ: Mapping[str, str], app: Path = APP
    ) -> None:
        self._fairlead = folder / "fairlead"
        self._app = app
        self._given = dict(environ)
        self._before = _as_nobody() if os.geteuid() == 0 else ()
        super().__init__(folder, lab, server)
        _make_cache(folder)
        shutil.copyfile(lab.environ[_MIRRORS], folder / "registries.conf")
        if self._before:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, _NOBODY, _NOBODY, follow_symlinks=False)

    def _copy(self) -> None:
        copy_fairlead(self._fairlead)
        self._commit(self._fairlead, "Fairlead")
        shutil.copytree(self._app, self.root)
        if self._app == APP:
            _fetch_wheels(self.root / "wheels")
        self.commit("An app")

    def init(self, folder: str = ".", url: str = "") -> Ended:
        """What its owner does: one command, and the name of his images."""
        words = ["--host", f"{self._server.user}@{self._server.address}"]
        words += ["--url", url or f"http://{self._server.address}"]
        words += ["--uses", f"acme/fairlead@{self._commit_of_fairlead}"]
        return self.fairlead("init", "--github", *words, folder=folder)

    def fairlead(self, *words: str, folder: str = ".", env: Mapping[str, str] | None = None) -> Ended:
        """Run a verb in the repository, as a step of a job would, by the same user."""
        done = subprocess.run(
            [*self._before, sys.executable, "-P", "-m", "fairlead", *words],
            cwd=self.root / folder,
            env={**self._environ(), "PYTHONPATH": str(self._fairlead / "ci"), **(env or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        return Ended(done.returncode, done.stdout + done.stderr)

    def read_workflow(self, name: str) -> dict[str, Any]:
        """A workflow of Fairlead's, as it is run."""
        document = yaml.safe_load((self._fairlead / ".github/workflows" / f"{name}.yml").read_text())
        # YAML takes the key `on` for a truth.
        return {"on" if key is True else key: value for key, value in document.items()}

    @property
    def _commit_of_fairlead(self) -> str:
        return (self._fairlead / ".git/refs/heads/main").read_text().strip()

    @property
    def _instead(self) -> dict[str, Path]:
        return {**super()._instead, f"acme/fairlead@{self._commit_of_fairlead}": self._fairlead}

    def _environ(self) -> dict[str, str]:
        folder = self._folder
        own = {
            "HOME": str(folder / "home"),
            "FAIRLEAD_CACHE": str(folder / "cache"),
            "TMPDIR": str(folder / "tmp"),
        }
        return {
            **super()._environ(),
            **own,
            "XDG_CACHE_HOME": str(folder / "act"),
            # The lab's own can be read by who started it only.
            _MIRRORS: str(folder / "registries.conf"),
            "BUILDX_CONFIG": str(folder / "home" / "buildx"),
            "TRIVY_CACHE_DIR": str(folder / "cache" / "trivy"),
            "FAIRLEAD_FROM": str(self._fairlead),
            **self._given,
        }


@contextmanager
def make_open_folder() -> Iterator[Path]:
    """A folder that others than root get into."""
    with TemporaryDirectory(prefix="fairlead-stranger-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def _as_nobody() -> tuple[str, ...]:
    """Run a command as a user who may use Docker, and who sees of root's home what the tests have fetched: nothing else."""
    home = Path.home().resolve()
    kept = {
        place.resolve().relative_to(home).parts[0]
        for place in (cache_dir(), Path(sys.prefix), Path(sys.base_prefix))
        if place.resolve().is_relative_to(home)
    }
    who = (f"--reuid={_NOBODY}", f"--regid={_NOBODY}", f"--groups={_SOCKET.stat().st_gid}")
    return (
        "unshare",
        "--mount",
        "sh",
        "-euc",
        _HIDE_HOME,
        str(home),
        " ".join(sorted(kept)),
        "setpriv",
        *who,
    )


_HIDE_HOME = """
home=$0 kept=$1
shift
mount --bind "$home" /mnt
mount -t tmpfs -o mode=755 tmpfs "$home"
for name in $kept; do
    mkdir "$home/$name"
    mount --bind "/mnt/$name" "$home/$name"
done
umount --lazy /mnt
exec "$@"
"""


def _make_cache(folder: Path) -> None:
    """A cache of the user's own, with the tools and virtualenvs of this machine."""
    for name in ("home", "tmp", "cache"):
        (folder / name).mkdir()
    (folder / "cache" / "tools").mkdir()
    fetched = (place for place in (cache_dir() / "tools").iterdir() if place.is_dir())
    for place in (cache_dir() / "venv", *fetched):
        (folder / "cache" / place.relative_to(cache_dir())).symlink_to(place)


def _fetch_wheels(folder: Path) -> None:
    """The wheels that the app installs: its Dockerfile has no network here."""
    kept = cache_dir() / "foreign" / "guestbook"
    if not kept.is_dir():
        words = [
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--require-hashes",
        ]
        words += [
            "--python-version",
            "3.13",
            "--platform",
            "manylinux2014_x86_64",
            "-r",
            str(APP / "requirements.txt"),
        ]
        subprocess.run([sys.executable, *words, "-d", str(folder)], check=True)
        shutil.copytree(folder, kept.with_suffix(".new"))
        kept.with_suffix(".new").rename(kept)
    else:
        shutil.copytree(kept, folder)
