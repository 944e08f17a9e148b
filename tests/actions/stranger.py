"""A repository that has never heard of Fairlead: it calls Fairlead's workflows as anybody does, as an ordinary user."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from fairlead.tools.cache import cache_dir
from lab.state import Lab, Server
from tests.actions.job import Ended, Project, copy_fairlead

APP = Path(__file__).parent / "guestbook"
_MIRRORS = "CONTAINERS_REGISTRIES_CONF"
_NOBODY = 65534
_SOCKET = Path("/var/run/docker.sock")


class Stranger(Project):
    """A Flask app with its Redis in a repository of its own, and Fairlead in another one."""

    slug = "acme/guestbook"

    def __init__(self, folder: Path, lab: Lab, server: Server, environ: dict[str, str]) -> None:
        self._fairlead = folder / "fairlead"
        self._given = environ
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
        shutil.copytree(APP, self.root)
        _fetch_wheels(self.root / "wheels")
        self.commit("A guestbook")

    def init(self) -> Ended:
        """What its owner does: one command, and the name of his images."""
        words = ["init", "--github", "--host", f"{self._server.user}@{self._server.address}"]
        words += [
            "--url",
            f"http://{self._server.address}",
            "--uses",
            f"acme/fairlead@{self._commit_of_fairlead}",
        ]
        done = subprocess.run(
            [*self._before, sys.executable, "-m", "fairlead", *words],
            cwd=self.root,
            env={**self._environ(), "PYTHONPATH": str(self._fairlead / "ci")},
            capture_output=True,
            text=True,
            check=False,
        )
        return Ended(done.returncode, done.stdout + done.stderr)

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
