"""What a checker is told to pass over is told with a reason."""

from __future__ import annotations

import re
from pathlib import Path

CI = Path(__file__).parents[2] / "ci"
BARE = re.compile(r"# (noqa(: [A-Z0-9, ]+)?|type: ignore(\[[a-z, -]+\])?)$")


def test_who_silences_a_checker_says_why() -> None:
    lines = (
        f"{path.relative_to(CI)}:{number}: {line.strip()}"
        for path in sorted(CI.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if BARE.search(line)
    )
    assert list(lines) == []
