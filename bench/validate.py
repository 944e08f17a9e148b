"""``fairlead validate`` beside ``docker compose config -q`` and the linters of others: one file, whole processes.

The file is ``bench/compose.yaml``: 8 services, 275 lines, nothing wrong with it. Each tool is called as its manual
says, in turn with the others, and every figure is told against ``docker compose config -q`` of the same round.
The linters are pinned and lie in the cache; dclint only where there is a Node to run it.

Files with findings are told by processor time: the one with every health check, limit and log bound taken out, and Sentry's,
which is in no clone of this repository: clone getsentry/self-hosted into the folder that ``FAIRLEAD_SAMPLE`` names.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from bench.measure import Row, cpu_seconds, seconds
from bench.ranks import ELSEWHERE
from fairlead.passed import PIP, PYTHON
from fairlead.positions import load_yaml
from fairlead.process import Completed, run
from fairlead.tools.cache import cache_dir

_HERE = Path(__file__).parent
_FILE = _HERE / "compose.yaml"
_GOAL = 0.6
_FOUND_GOAL = 1.0
_MANY_GOAL = 2.0
_SENTRY = "self-hosted/docker-compose.yml"
_TAKEN_OUT = ("healthcheck", "logging", "deploy", "security_opt", "cap_drop", "init", "restart")
_ROUNDS = 15
_DCLINT = "3.1.0"
_FLOOR = "docker compose config -q"


def measure() -> list[Row]:
    """The row with the goal, one a peer, one for a first call, and one for a thousand services."""
    with tempfile.TemporaryDirectory() as folder:
        # A folder of its own, to read and to work in: the fairlead.yaml of either counts.
        file = shutil.copy(_FILE, folder)
        floor = ("docker", "compose", "--file", file, "config", "-q")
        taken = _in_turn({_FLOOR: floor, **_ours(file), **_peers(file)}, Path(folder))
    ours = "fairlead validate"
    rows = [_row(ours, taken, goal=_GOAL)]
    rows += [_row(name, taken) for name in taken if name not in {ours, _FLOOR}]
    return [*rows, _configured(), _asking(), _found(), _sentry(), _many()]


def _ours(file: str) -> dict[str, tuple[str, ...]]:
    fairlead = shutil.which("fairlead")
    command = (fairlead,) if fairlead else (sys.executable, "-m", "fairlead")
    return {
        "fairlead validate": (*command, "validate", file),
        "fairlead validate --no-compose": (*command, "validate", "--no-compose", file),
    }


def _peers(file: str) -> dict[str, tuple[str, ...]]:
    bin_folder = _python_peers()
    found = {
        "yamllint 1.38.0": (str(bin_folder / "yamllint"), "-d", "relaxed", file),
        "compose-lint 0.36.2": (str(bin_folder / "compose-lint"), file),
        "check-jsonschema 0.39.0": (
            str(bin_folder / "check-jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", file),
        ),
    }
    dclint = _dclint()
    return {**found, f"dclint {_DCLINT}": (str(dclint), file)} if dclint is not None else found


def _python_peers() -> Path:
    """The linters of ``peers.txt`` in a virtualenv of their own, made once."""
    folder = cache_dir() / "bench" / "peers"
    wanted = (_HERE / "peers.txt").read_text()
    mark = folder / "made-from"
    if not mark.is_file() or mark.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        run([sys.executable, "-m", "venv", folder], timeout=120)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        words = [
            "--disable-pip-version-check",
            "--no-deps",
            "--require-hashes",
            "-r",
            str(_HERE / "peers.txt"),
        ]
        run([*pip, *words], timeout=600, also=PIP)
        mark.write_text(wanted)
    return folder / "bin"


def _dclint() -> Path | None:
    """The program dclint, in the cache, where there is npm."""
    program = cache_dir() / "bench" / f"dclint-{_DCLINT}" / "node_modules" / ".bin" / "dclint"
    npm = shutil.which("npm")
    if not program.exists() and npm is not None:
        folder = program.parents[2]
        folder.mkdir(parents=True, exist_ok=True)
        words = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)]
        run(
            [*words, f"dclint@{_DCLINT}"],
            timeout=600,
            check=False,
            also=("npm_config_*", "NPM_CONFIG_*", "NODE_*"),
        )
    return program if program.exists() and shutil.which("node") else None


def _call(argv: Sequence[str], folder: Path) -> Completed:
    """Run a tool to its end in this folder, whatever it thinks of the file."""
    return run(argv, check=False, cwd=folder, also=PYTHON)


def _in_turn(commands: Mapping[str, Sequence[str]], folder: Path) -> dict[str, list[float]]:
    """Seconds of each command, round by round in another order, after one that warms the caches up."""
    for argv in commands.values():
        _call(argv, folder)
    taken: dict[str, list[float]] = {name: [] for name in commands}
    order = list(commands.items())
    for _ in range(_ROUNDS):
        random.shuffle(order)
        for name, argv in order:
            taken[name].append(seconds(partial(_call, argv, folder)))
    return taken


def _row(name: str, taken: Mapping[str, Sequence[float]], goal: float = 0.0) -> Row:
    ratio = statistics.median(our / floor for our, floor in zip(taken[name], taken[_FLOOR], strict=True))
    return Row(
        f"{name}, 8 services, 275 lines",
        f"{statistics.median(taken[name]) * 1000:.0f} ms",
        f"{statistics.median(taken[_FLOOR]) * 1000:.0f} ms ({_FLOOR})",
        f"{ratio:.2f}x",
        f"<= {goal}x" if goal else "-",
        not goal or ratio <= goal,
    )


def _configured() -> Row:
    """The same in this repository: its fairlead.yaml is read and checked too."""
    commands: dict[str, tuple[str, ...]] = {
        _FLOOR: ("docker", "compose", "--file", str(_FILE), "config", "-q")
    }
    commands["fairlead validate, with a fairlead.yaml"] = _ours(str(_FILE))["fairlead validate"]
    return _row("fairlead validate, with a fairlead.yaml", _in_turn(commands, _HERE.parent))


def _asking() -> Row:
    """A file that is new each time: docker-compose is asked, side by side."""
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "compose.yaml"
        for turn in range(_ROUNDS):
            copy.write_text(f"{_FILE.read_text()}# {turn}\n")
            argv = _ours(str(copy))["fairlead validate"]
            ours = seconds(partial(_call, argv, copy.parent))
            floor = seconds(
                lambda: _call(["docker", "compose", "--file", str(copy), "config", "-q"], copy.parent)
            )
            pairs.append((ours, floor))
    return Row(
        "fairlead validate, a file that docker-compose was not asked about yet",
        f"{statistics.median(ours for ours, _ in pairs) * 1000:.0f} ms",
        f"{statistics.median(floor for _, floor in pairs) * 1000:.0f} ms ({_FLOOR})",
        f"{statistics.median(ours / floor for ours, floor in pairs):.2f}x",
        "-",
        held=True,
    )


def _found() -> Row:
    """The same file with findings in every service: each is judged, told, and shown with its line."""
    value = load_yaml(_FILE).value
    for service in value["services"].values():
        for key in _TAKEN_OUT:
            service.pop(key, None)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "compose.yaml"
        # JSON is YAML; on lines of its own each key has a place.
        file.write_text(json.dumps(value, indent=2))
        return _by_processor("fairlead validate, a file with findings", file, _FOUND_GOAL)


def _sentry() -> Row:
    what = "fairlead validate, Sentry's file of 788 lines"
    folder = Path(os.environ.get(ELSEWHERE) or "/nowhere")
    files = sorted(file for file in folder.rglob("docker-compose.yml") if str(file).endswith(_SENTRY))
    if not files:
        skipped = f"skipped: clone getsentry/self-hosted into a folder, and name it in {ELSEWHERE}"
        return Row(what, "-", skipped, "-", "-", held=True)
    return _by_processor(what, files[0], _GOAL)


def _by_processor(what: str, file: Path, goal: float) -> Row:
    """Processor time of whole processes, ours and ``docker compose config -q`` in turn; the second call of each on."""
    ours = _ours(str(file))["fairlead validate"]
    floor = ("docker", "compose", "--file", str(file), "config", "-q")
    calls = [partial(_call, argv, file.parent) for argv in (ours, floor)]
    for call in calls:
        call()
    said = _call(ours, file.parent).stdout.splitlines()[0]
    pairs = [tuple(cpu_seconds(call) for call in calls) for _ in range(_ROUNDS)]
    ratio = statistics.median(our / other for our, other in pairs)
    return Row(
        f"{what} ({said})",
        f"{statistics.median(our for our, _ in pairs) * 1000:.0f} ms of processor time",
        f"{statistics.median(other for _, other in pairs) * 1000:.0f} ms ({_FLOOR})",
        f"{ratio:.2f}x",
        f"<= {goal}x",
        ratio <= goal,
    )


def _many() -> Row:
    """A thousand services in one file, all layers of our own."""
    one = (
        "  s{0}:\n    image: nginx:1.29\n    init: true\n    restart: unless-stopped\n"
        "    environment: {{A: b, C: '${{D:-e}}'}}\n    networks: [n{1}]\n"
    )
    text = "name: many\nservices:\n" + "".join(one.format(number, number % 10) for number in range(1000))
    text += "networks:\n" + "".join(f"  n{number}: {{}}\n" for number in range(10))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "compose.yaml"
        file.write_text(text)
        argv = _ours(str(file))["fairlead validate --no-compose"]
        ours = statistics.median(seconds(lambda: _call(argv, file.parent)) for _ in range(3))
        floor = seconds(
            lambda: _call(["docker", "compose", "--file", str(file), "config", "-q"], file.parent)
        )
    return Row(
        "fairlead validate --no-compose, 1,000 services",
        f"{ours:.2f} s",
        f"{floor:.2f} s ({_FLOOR})",
        f"{ours / floor:.2f}x",
        f"<= {_MANY_GOAL} s",
        ours <= _MANY_GOAL,
    )
