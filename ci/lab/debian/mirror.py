"""A Debian mirror: the index of a suite, and packages checked against it, kept in a folder.

The chain of trust: the archive's key signs ``InRelease`` (checked where ``gpgv`` and the keyring are there),
which holds the SHA-256 of each index, which holds the SHA-256 of each package.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fairlead import passed, process
from fairlead.errors import CommandFailedError, InputError
from fairlead.tools.apt import parse_archive, read_archive
from fairlead.tools.locate import locate
from lab.debian.index import Index, Package, parse_index

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_PARALLEL_DOWNLOADS = 6
_TIMEOUT = (10, 120)
_IMAGE = "debian:trixie-slim"


@dataclass(frozen=True)
class Release:
    """The signed table of a suite: when it was made and the SHA-256 of each index by path."""

    sha256: str
    date: str
    indices: dict[str, str]


def parse_release(text: str) -> Release:
    """Read an ``InRelease`` file."""
    date = re.search(r"^Date: (.+)$", text, re.MULTILINE)
    section = re.search(r"^SHA256:\n((?: .+\n?)+)", text, re.MULTILINE)
    if date is None or section is None:
        raise CommandFailedError("the Debian mirror answered with something that is not an InRelease file")
    rows = (line.split() for line in section.group(1).splitlines())
    return Release(
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        date=date.group(1),
        indices={path: digest for digest, _, path in rows},
    )


def mirror_url() -> str:
    """The mirror to use: ``FAIRLEAD_DEBIAN_MIRROR``, else that of this machine's apt, else that of Debian's image.

    Where no signature can be checked, TLS is what vouches for the mirror.

    Raises:
        InputError: none of them names one.
    """
    chosen = os.environ.get("FAIRLEAD_DEBIAN_MIRROR", "").rstrip("/")
    if chosen:
        return chosen
    found = (read_archive().mirror or _mirror_of_image()).rstrip("/")
    if not found:
        raise InputError(
            "the lab's own images can't be made: no mirror of Debian is known",
            why="this machine's apt names none, and Docker Hub, whose image of Debian does, does not answer",
            fix="name one in FAIRLEAD_DEBIAN_MIRROR",
        )
    return found if _can_check_signatures() else found.replace("http://", "https://", 1)


def _mirror_of_image() -> str:
    """The mirror that the image of Debian on Docker Hub is set up for; "" when it can't be had."""
    sources = "/etc/apt/sources.list.d/debian.sources"
    done = process.run(
        [locate("docker"), "run", "--rm", _IMAGE, "cat", sources], also=passed.ENGINE, check=False
    )
    return parse_archive([done.stdout]).mirror if done.ok else ""


def render_sources(url: str, suite: str) -> str:
    """What apt inside a stand-in reads: the mirror that it was made from."""
    keyring = "/usr/share/keyrings/debian-archive-keyring.pgp"
    return f"Types: deb\nURIs: {url}\nSuites: {suite}\nComponents: main\nSigned-By: {keyring}\n"


class Mirror:
    """One suite of a mirror. Indices and packages are fetched once and kept below ``folder``.

    A suite moves on at point releases. The table fetched first is kept until :meth:`refresh`,
    so that a warm lab needs no network and makes the same images.
    """

    def __init__(self, folder: Path, suite: str, url: str = "") -> None:
        self._folder = folder
        self._suite = suite
        self.url = url or mirror_url()

    def release(self) -> Release:
        """The table of the suite, from the folder or the mirror."""
        path = self._folder / f"{self._suite}-InRelease"
        if not path.exists():
            self._fetch(f"dists/{self._suite}/InRelease", path)
            _check_signature(path)
        return parse_release(path.read_text())

    def refresh(self) -> None:
        """Forget the kept table, because the mirror has moved on."""
        (self._folder / f"{self._suite}-InRelease").unlink(missing_ok=True)

    def index(self, architecture: str) -> Index:
        """What the suite offers for an architecture, in Debian's name for it (``amd64``)."""
        name = f"main/binary-{architecture}/Packages.xz"
        sha256 = self.release().indices[name]
        path = self._folder / "indices" / f"{sha256}.xz"
        if not path.exists():
            self._fetch(f"dists/{self._suite}/{name}", path, sha256)
        return parse_index(lzma.decompress(path.read_bytes()).decode())

    def path(self, package: Package) -> Path:
        """Where a package lies once it is fetched."""
        return self._folder / "packages" / f"{package.sha256}.deb"

    def fetch(self, packages: Iterable[Package], on_progress: Callable[[int, int], None]) -> None:
        """Download what is missing, several at once; ``on_progress`` gets the bytes done and the bytes to do."""
        missing = {package.sha256: package for package in packages if not self.path(package).exists()}
        total, done = sum(package.size for package in missing.values()), 0
        with ThreadPoolExecutor(_PARALLEL_DOWNLOADS) as pool:
            jobs = {sha256: pool.submit(self._fetch_package, package) for sha256, package in missing.items()}
            for sha256, job in jobs.items():
                job.result()
                done += missing[sha256].size
                on_progress(done, total)

    def _fetch_package(self, package: Package) -> None:
        self._fetch(package.filename, self.path(package), package.sha256)

    def _fetch(self, name: str, path: Path, sha256: str = "") -> None:
        download(f"{self.url}/{name}", path, sha256)


def download(url: str, path: Path, sha256: str = "", *, headers: Mapping[str, str] | None = None) -> None:
    """Fetch a file, check it, and put it at ``path`` in one rename, so that a kill leaves no half file.

    Raises:
        CommandFailedError: the server does not answer or refuses, or the content is not the one promised.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as output:
            found = _copy(url, headers or {}, output.write)
        if sha256 and found != sha256:
            raise CommandFailedError(
                f"{url} is not what its index promises",
                why=f"sha256 {found}, expected {sha256}",
                fix="run it again",
            )
        part.chmod(0o644)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _copy(url: str, headers: Mapping[str, str], write: Callable[[bytes], int]) -> str:
    """Hand the content of a URL over in pieces and return its SHA-256."""
    import requests

    digest = hashlib.sha256()
    try:
        with requests.get(url, stream=True, headers=dict(headers), timeout=_TIMEOUT) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_content(1 << 20):
                digest.update(chunk)
                write(chunk)
    except requests.RequestException as error:
        raise CommandFailedError(
            f"could not fetch {url}", why=str(error), fix="check the network, or set FAIRLEAD_DEBIAN_MIRROR"
        ) from error
    return digest.hexdigest()


def _can_check_signatures() -> bool:
    return process.which("gpgv") is not None and _KEYRING.exists()


def _check_signature(path: Path) -> None:
    """Verify the signature where the machine can; over https from Debian itself it is one proof more."""
    if not _can_check_signatures():
        return
    # Signed by several keys, of which an older keyring lacks some: one good signature and no bad one is enough.
    checked = process.run(["gpgv", "--status-fd", "1", "--keyring", _KEYRING, path], check=False)
    if "[GNUPG:] VALIDSIG" not in checked.stdout or "[GNUPG:] BADSIG" in checked.stdout:
        path.unlink()
        raise CommandFailedError(
            "the Debian mirror's InRelease is not signed by Debian",
            why=checked.stderr.strip(),
            fix="set FAIRLEAD_DEBIAN_MIRROR to a mirror that you trust",
        )
