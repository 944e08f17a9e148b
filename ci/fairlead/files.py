"""The one door to the disk: how the client writes a file, and reads back what it wrote.

A folder may have been filled by somebody else, a cloned repository or another user of this machine, with a link
where a file of ours is to go. So a path is never handed to the kernel as a whole: its folders are opened one after
the other, none of them through a link, and the last name is used within the folder that was opened. A file is
written beside its place and renamed into it, so that a reader sees all of it or nothing, and whatever bore the name
before (a link, a pipe, a second name of a foreign file) is replaced and not written through.

A path that is the user's own choice, such as his cache folder or ``--output FILE``, may lead through links of his:
``settled`` follows them, once.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from fairlead.errors import InputError
from fairlead.sources import real_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from typing import IO

LARGEST = 256 << 20
"""What is read back of one file at most, if the caller says nothing else."""

_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_FOLDER = frozenset({errno.ELOOP, errno.ENOTDIR})


def encoded(text: str) -> bytes:
    """Any text as UTF-8: half a character, which that has no bytes for, as U+FFFD.

    So nothing that a server, a registry or the name of a file has in it fails who writes it down, or reads it.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def write(path: Path, content: str | bytes, *, mode: int = 0o644) -> None:
    """Write a file whole or not at all, and the folders that lead to it.

    Text is UTF-8; what it can't hold is kept as it was read (a name of a file in other bytes), else as in ``encoded``.

    Raises:
        InputError: a folder of the path is a link, or none.
        OSError: the disk refuses.
    """
    data = _as_read(content) if isinstance(content, str) else content
    with draft(path, mode=mode) as file:
        file.write(data)


def copy(source: IO[bytes], path: Path, *, mode: int = 0o644) -> None:
    """Write what a stream holds, as ``write`` does."""
    import shutil

    with draft(path, mode=mode) as file:
        shutil.copyfileobj(source, file)


@contextlib.contextmanager
def draft(path: Path, *, mode: int = 0o644) -> Iterator[IO[bytes]]:
    """A file to write into, which takes its place when the block ends well; errors as ``write``."""
    with _within(path, make=True) as (folder, name):
        scratch, handle = _scratch(folder, name)
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(file.fileno(), mode)
                yield file
            os.replace(scratch, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(scratch, dir_fd=folder)
            raise


def create(path: Path, content: str | bytes, *, mode: int = 0o644) -> None:
    """Write a file that is not there yet.

    Raises:
        FileExistsError: something has that name, a link that leads nowhere included.
        InputError, OSError: as ``write``.
    """
    data = _as_read(content) if isinstance(content, str) else content
    with (
        _within(path, make=True) as (folder, name),
        os.fdopen(os.open(name, _NEW, mode, dir_fd=folder), "wb") as file,
    ):
        file.write(data)


def append(path: Path, content: str | bytes) -> None:
    """Append to a file that the user, or the runner of his job, has named: links of his are followed."""
    with path.open("ab") as file:
        file.write(encoded(content) if isinstance(content, str) else content)


def deliver(path: Path, data: bytes) -> None:
    """Write into what the user has named on the command line, be it a file or a pipe (``/dev/stdout``, ``>(jq)``).

    Raises:
        InputError: a link of the checkout stands in the way.
        OSError: it can't be written.
    """
    place = settled(path)
    if place.exists() and not place.is_file():
        with path.open("wb") as stream:
            stream.write(data)
    else:
        write(place, data)


def read(path: Path, *, limit: int = LARGEST) -> bytes:
    """The bytes of a file; of one that is larger, one byte more than ``limit``.

    Raises:
        FileNotFoundError: it is not there.
        InputError: it is no plain file, or a folder of the path is a link.
    """
    with opened(path) as file:
        return file.read(limit + 1)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """A plain file, open to be read; errors as ``read``."""
    with _within(path) as (folder, name):
        try:
            handle = os.open(name, _READ, dir_fd=folder)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENXIO}:
                raise refused(path) from error
            raise
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise refused(path)
        yield file


def is_file(path: Path) -> bool:
    """Whether a plain file is there, no link on the way to it."""
    try:
        with _within(path) as (folder, name):
            return stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except (FileNotFoundError, InputError):
        return False


def make_folder(path: Path) -> None:
    """Make a folder and those that lead to it, where they are not there yet; errors as ``write``."""
    with _folder(path, make=True):
        pass


def renew_folder(path: Path) -> None:
    """Make a folder that is empty: whatever was there is gone; errors as ``write``."""
    remove(path)
    make_folder(path)


def names_in(path: Path) -> list[str]:
    """The names in a folder, in order; none if it is not there. Errors as ``write``."""
    try:
        with _folder(path) as folder:
            handle = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return []
    try:
        return sorted(os.listdir(handle))  # noqa: PTH208 - pathlib lists no handles
    finally:
        os.close(handle)


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it; a link goes itself, not what it leads to."""
    try:
        with _within(path) as (folder, name):
            if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                import shutil

                shutil.rmtree(name, dir_fd=folder)
            else:
                os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return


def move(source: Path, target: Path) -> None:
    """Rename a file or a folder; errors as ``write``.

    Raises:
        FileNotFoundError: it is not there.
    """
    with _within(source) as (old, name), _within(target, make=True) as (new, wanted):
        os.rename(name, wanted, src_dir_fd=old, dst_dir_fd=new)


@contextlib.contextmanager
def temporary_folder(prefix: str, *, within: Path | None = None) -> Iterator[Path]:
    """A folder with a name that nobody can foresee, open to its owner only, gone in the end."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix=prefix, dir=within, ignore_cleanup_errors=True) as name:
        yield Path(name).resolve()


def keep_report(prefix: str, text: str) -> Path:
    """Write a file of its own among the temporary ones, for the user to look at; its path."""
    import tempfile

    handle, name = tempfile.mkstemp(prefix=prefix, suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return Path(name)


def borrow(path: Path, lender: Path) -> None:
    """Make ``path``, in a temporary folder of ours, a link to what a program is to read in its stead."""
    with _within(path) as (folder, name):
        os.symlink(lender.absolute(), name, dir_fd=folder)


def settled(path: Path) -> Path:
    """Where a path of the user's own choice leads, his links followed; those of a checkout are not his.

    Raises:
        InputError: a part of it is a link of the checkout that it lies in.
    """
    refuse_links(path, checkout_of(path))
    return Path(real_path(str(path)))


def inside(path: Path) -> Path:
    """Where a file of a repository really is: its links lead anywhere within the checkout, and not out of it.

    Raises:
        InputError: it lies elsewhere.
    """
    place, checkout = Path(real_path(str(path))), checkout_of(path)
    if checkout is not None and not place.is_relative_to(checkout.resolve()):
        raise InputError(
            f"{path} leads out of the checkout, to {place}",
            why="what a repository names must lie in it",
            fix="put the file itself there",
        )
    return place


def refuse_links(path: Path, top: Path | None) -> None:
    """Refuse a path that leads through a link below ``top``.

    Raises:
        InputError: a part of it is a link.
    """
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow what must not be followed
    for part in (*reversed(whole.parents), whole):
        if top is not None and part != top and part.is_relative_to(top) and part.is_symlink():
            raise refused(part)


def checkout_of(path: Path) -> Path | None:
    """The outermost checkout that a path lies in by its name; None outside of any.

    A home that is kept in git is its owner's own work, unless it is the very checkout that we run in.
    """
    found, home = checkouts(path), Path(os.path.expanduser("~"))  # noqa: PTH111 - some have none
    if home in found and checkouts(Path("x")) != [home]:
        found.remove(home)
    return found[0] if found else None


def refused(path: Path) -> InputError:
    """The error of a path that is not what it should be."""
    try:
        leads = f"it is a link to {path.readlink()}" if path.is_symlink() else "it is no plain file or folder"
    except OSError:
        leads = "it is no plain file or folder"
    return InputError(
        f"{path} stands in the way of a file of Fairlead's",
        why=f"{leads}; nothing is written to or read from where somebody else leads it",
        fix=f"`rm {path}`, and `git rm` if the repository brings it",
    )


def checkouts(path: Path) -> list[Path]:
    """The checkouts that a path lies in by its name, the outermost first."""
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - as above
    return [folder for folder in reversed(whole.parents) if os.path.lexists(folder / ".git")]


def _as_read(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return encoded(text)


@contextlib.contextmanager
def _within(path: Path, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """The folder of a path, opened, and the name in it."""
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - as above
    with _folder(whole.parent, make=make) as folder:
        yield folder, whole.name


@contextlib.contextmanager
def _folder(path: Path, *, make: bool = False) -> Iterator[int]:
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - as above
    handle = os.open(whole.anchor, _FOLDER)
    try:
        at = Path(whole.anchor)
        for name in whole.parts[1:]:
            at /= name
            below = _step(handle, name, at, make=make)
            os.close(handle)
            handle = below
        yield handle
    finally:
        os.close(handle)


def _step(folder: int, name: str, shown: Path, *, make: bool) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except FileNotFoundError:
        if not make:
            raise
    except OSError as error:
        if error.errno in _NO_FOLDER:
            raise refused(shown) from error
        raise
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, dir_fd=folder)
    return _step(folder, name, shown, make=False)


def _scratch(folder: int, name: str) -> tuple[str, int]:
    """A new file beside ``name``, which nobody can have put there before."""
    while True:
        scratch = f".{name[:100]}.{os.urandom(6).hex()}"
        with contextlib.suppress(FileExistsError):
            return scratch, os.open(scratch, _NEW, 0o600, dir_fd=folder)
