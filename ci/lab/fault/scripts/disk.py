"""Runs on a server: puts a small file system where apps lie, fills it, and frees it again.

The disk of a lab server is the disk of the machine, which is not to be filled. A tmpfs of a fixed size says
"no space left on device" as any file system does; it is made while no app runs, since a container would go on
seeing what lay there before.
"""

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path("/srv/fairlead")
FILL = ROOT / ".fairlead-fault-fill"
LIBC = ctypes.CDLL(None, use_errno=True)


def is_small() -> bool:
    """Whether the small file system is in place."""
    return any(
        line.split()[1:3] == [str(ROOT), "tmpfs"] for line in Path("/proc/mounts").read_text().splitlines()
    )


def has_apps() -> bool:
    """Whether a container is there."""
    argv = ("docker", "ps", "--all", "--quiet")
    return bool(subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout)  # noqa: S603, TID251 - runs alone


def make_small(size: int) -> None:
    """Mount it, with all that lay there: known agents and the like."""
    if is_small():
        return
    if has_apps():
        sys.exit(
            "an app is on the server: `fairlead lab wipe`, then `fairlead lab fault disk --small`, then deploy"
        )
    with tempfile.TemporaryDirectory() as kept:
        shutil.copytree(ROOT, f"{kept}/root", symlinks=True)
        done = LIBC.mount(b"tmpfs", bytes(ROOT), b"tmpfs", 0, f"size={size},mode=0755".encode())
        if done != 0:
            sys.exit(os.strerror(ctypes.get_errno()))
        shutil.copytree(f"{kept}/root", ROOT, symlinks=True, dirs_exist_ok=True)
    for path in (ROOT, *ROOT.rglob("*")):
        os.chown(path, 1000, 1000, follow_symlinks=False)


def fill(left: int) -> None:
    """Take all space but so many bytes."""
    with FILL.open("wb") as file:
        found = os.statvfs(ROOT)
        os.posix_fallocate(file.fileno(), 0, max(1, found.f_bavail * found.f_frsize - left))


def free() -> None:
    """Give the space back; and the disk of before, when no app needs what lies there."""
    FILL.unlink(missing_ok=True)
    if is_small() and not has_apps() and LIBC.umount(bytes(ROOT)) != 0:
        sys.exit(os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    verb, *numbers = sys.argv[1:]
    if verb == "free":
        free()
    else:
        make_small(int(numbers[0]))
        if verb == "fill":
            fill(int(numbers[1]))
