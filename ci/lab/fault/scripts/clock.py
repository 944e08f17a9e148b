"""Runs on a server: lets its Python programs, the host agent among them, live at another time.

All containers share the clock of the machine's kernel, which is not to be touched. A module that every Python
program of the server loads at its start adds an offset to what it is told; the offset is read at each look, so
that the clock also steps under a program that runs. The engine and the file system keep the right time, as they do
when a clock is set while something is under way.

``clock.py install``, ``clock.py set SECONDS``, ``clock.py clear``
"""

import site
import sys
from pathlib import Path

OFFSET = Path("/run/fairlead-clock")
FOLDER = Path(site.getsitepackages()[0])
MODULE = """\
import time

now, nanoseconds, local, utc, text = time.time, time.time_ns, time.localtime, time.gmtime, time.strftime


def offset():
    try:
        with open("/run/fairlead-clock") as file:
            return float(file.read())
    except (OSError, ValueError):
        return 0.0


time.time = lambda: now() + offset()
time.time_ns = lambda: nanoseconds() + int(offset() * 1e9)
time.localtime = lambda seconds=None: local(time.time() if seconds is None else seconds)
time.gmtime = lambda seconds=None: utc(time.time() if seconds is None else seconds)
time.strftime = lambda form, when=None: text(form, time.localtime() if when is None else when)
"""


def install() -> None:
    """For every Python program that starts from now on."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "fairlead_clock.py").write_text(MODULE)
    (FOLDER / "fairlead_clock.pth").write_text("import fairlead_clock\n")


def clear() -> None:
    """The right time again, for those that run as well."""
    for path in (OFFSET, FOLDER / "fairlead_clock.pth", FOLDER / "fairlead_clock.py"):
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    verb, *seconds = sys.argv[1:]
    if verb == "clear":
        clear()
    else:
        install()
        if verb == "set":
            OFFSET.write_text(str(float(seconds[0])))
