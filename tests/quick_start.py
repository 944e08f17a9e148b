"""The modules of Fairlead that ``fairlead validate`` imports for a file that nothing is wrong with.

Each costs every call in an editor or a hook; what is only needed to tell a finding, or to mend one, is not among them.
``python -m tests.quick_start`` writes the list anew, and a test of tests/integration/cli compares: a module that
comes new stands in the diff, for somebody to ask whether a good file needs it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
GOOD = ROOT / "bench" / "compose.yaml"
LIST = Path(__file__).parent / "integration" / "cli" / "quick-start.txt"
_SCRIPT = """\
import os, sys
sys.path.append({packages!r})
leave = os._exit
def told(code):
    print(*sys.modules, file=sys.stderr, flush=True)
    leave(code)
os._exit = told
from fairlead.__main__ import run
run()
"""


def modules_of_a_call(folder: Path, environ: Mapping[str, str]) -> frozenset[str]:
    """What a call imports, started as the program ``fairlead`` of the virtualenv starts it."""
    shutil.copy(GOOD, folder / "compose.yaml")
    script = _SCRIPT.format(packages=sysconfig.get_path("purelib"))
    done = subprocess.run(
        [sys.executable, "-S", "-P", "-c", script, "validate", "--no-compose", "compose.yaml"],
        cwd=folder,
        env={**environ, "PYTHONPATH": str(ROOT / "ci")},
        capture_output=True,
        text=True,
        check=True,
    )
    return frozenset(done.stderr.split())


def own(modules: frozenset[str]) -> list[str]:
    """Those of Fairlead."""
    return sorted(name for name in modules if name.partition(".")[0] == "fairlead")


def main() -> int:
    """Write the list."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "XDG_CACHE_HOME": f"{folder}/cache"}
        environ.pop("FAIRLEAD_CACHE", None)
        modules_of_a_call(Path(folder), environ)
        LIST.write_text("\n".join(own(modules_of_a_call(Path(folder), environ))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
