"""What each tool finds in the same broken files: ``python -m bench.found`` prints the table of docs/validation.md.

Each case is a good file and one change that breaks it. A tool has found it if it says something about the broken
file that it does not say about the good one, and knows the place if it names the line.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.validate import _ours, _peers
from fairlead.errors import CommandFailedError
from fairlead.passed import PYTHON
from fairlead.process import run

GOOD = (Path(__file__).parent / "compose.yaml").read_text()
_PROXY = '    ports:\n      - "80:8080"\n'


class Case:
    """A name, what is replaced by what, and the lines that may be named for it then."""

    def __init__(
        self, name: str, old: str, new: str, *at: str, more: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.text = GOOD.replace(old, new, 1)
        assert self.text != GOOD, name
        self.more = more or {}
        first = {self.text[: self.text.index(one)].count("\n") + 1 for one in at}
        # The value of a key may be named as well, and stands below it.
        self.lines = first | {line + 1 for line in first}


CASES = (
    Case("a key misspelt", "    init: true\n", "    intt: true\n", "    intt:"),
    Case("a key twice", "    init: true\n", "    init: true\n    init: true  # twice\n", "# twice"),
    Case("an undefined network", "networks: [edge]", "networks: [edgy]", "networks: [edgy]"),
    Case("a bad duration", "      interval: 10s", "      interval: 10 parsecs", "      interval: 10 p"),
    Case("port 99999", '"443:8443"', '"443:99999"', '"443:99999"'),
    Case(
        "waits for health, and there is no check",
        '    healthcheck:\n      test: ["CMD", "redis-cli", "ping"]',
        '    x-was:\n      test: ["CMD", "redis-cli", "ping"]',
        "      cache:",
        "    depends_on:",
        "  cache:",
    ),
    Case("a fault behind a profile", "  backup:\n", "  backup:\n    profiles: [never]\n    networsk: []\n", "    networsk"),
    Case("`latest`", f"image: ghcr.io/example/shop-web:1.4.2@sha256:{'ab' * 32}", "image: nginx:latest", "image: nginx:l"),
    Case("privileged, through an anchor", "services:\n  proxy:\n", "x-p: &p {privileged: true}\nservices:\n  proxy:\n    <<: *p\n", "x-p: &p"),
    Case("the engine's socket", "      - caddy-data:/data", "      - /var/run/docker.sock:/s", "      - /var/run/docker.sock"),
    Case("a password in the open", "      LOG_LEVEL: ${LOG_LEVEL:-info}", "      DB_PASSWORD: hunter2", "      DB_PASSWORD"),
    Case("a log without end", '    logging: {driver: local, options: {max-size: 10m, max-file: "3"}}\n', "", "  proxy:"),
    Case("no memory limit", '        limits: {cpus: "0.5", memory: 256M, pids: 128}', '        limits: {cpus: "0.5", pids: 128}', "  proxy:", "      resources:"),
    Case("a database that everybody reaches", "  data:\n    internal: true", "  data: {}", "  db:", "  data: {}", "postgresql:size=16m"),
    Case("`22:22` unquoted", _PROXY, "    ports:\n      - 22:22\n", "      - 22:22"),
    Case("a fault in an included file", "services:\n", "include: [more.yaml]\nservices:\n", "include", more={"more.yaml": "services: {x: {image: a, nope: 1}}\n"}),
)  # fmt: skip


def main() -> None:
    """Run every tool on every case."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "compose.yaml"
        tools: dict[str, Sequence[str]] = {
            "fairlead": _ours(str(file))["fairlead validate --no-compose"],
            "config -q": ("docker", "compose", "--file", str(file), "config", "-q"),
            **_peers(str(file)),
        }
        file.write_text(GOOD)
        before = {name: _said(argv) for name, argv in tools.items()}
        if not any(line.startswith("checked: ") for line in before["fairlead"]):
            # A tool that does not start says the same of every file: that would stand in the table as nothing found.
            raise CommandFailedError("fairlead does not run", why="\n".join(before["fairlead"]))
        print(f"| what is wrong | {' | '.join(tools)} |\n|{' --- |' * (len(tools) + 1)}")
        for case in CASES:
            file.write_text(case.text)
            for name, text in case.more.items():
                (Path(folder) / name).write_text(text)
            cells = [_cell(before[name], _said(argv), case) for name, argv in tools.items()]
            print(f"| {case.name} | {' | '.join(cells)} |", flush=True)


def _said(argv: Sequence[str]) -> list[str]:
    done = run(argv, check=False, also=PYTHON)
    return [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]


def _cell(before: Sequence[str], after: Sequence[str], case: Case) -> str:
    """``line`` where the place is named, ``yes`` where something is said, ``-`` where nothing is."""
    known = Counter(re.sub(r"\d+", "0", text) for text in before)
    new = []
    for text in after:
        shape = re.sub(r"\d+", "0", text)
        known[shape] -= 1
        if known[shape] < 0:
            new.append(text)
    if not new:
        return "-"
    told = [re.sub(r'time="[^"]*"', "", text) for text in new]
    numbers = {
        int(number) for text in told for number in re.findall(r"(?:^\s*|:|\bline )(\d+)(?![\d.])", text)
    }
    inside = any(f"{name}:1:" in text for name in case.more for text in new)
    return "line" if inside or numbers & case.lines else "yes"


if __name__ == "__main__":
    main()
