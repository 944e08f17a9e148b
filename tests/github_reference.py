"""The reference of actions and reusable workflows, made from the files themselves.

``python -m tests.github_reference`` writes docs/github-reference.md; with ``--check`` it only says whether it is current.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "github-reference.md"

_HEAD = """\
# GitHub: every workflow and action

<!-- Made by `python -m tests.github_reference` from .github/workflows and .github/actions. -->

How they are used, and what each door is good for: [GitHub](github.md). `COMMIT` is a commit of Fairlead with all 40 digits.
"""
NEEDS: Mapping[str, str] = {
    "setup": "nothing",
    "validate": "`contents: read`",
    "check": "`contents: read`, `packages: read` to try the login",
    "build": "`contents: read`, `packages: write` where it writes the cache",
    "merge": "`contents: read`",
    "scan": "`contents: read`",
    "publish": "`contents: read`, `packages: write`; `pull-requests: write` for the comment",
    "plan": "`contents: read`, `packages: read`",
    "ship": "`contents: read`, `packages: write`",
    "deploy": "`contents: read`, `packages: read`: the server pulls with the job's token",
    "rollback": "`contents: read`, `packages: read`: what a server has pruned is pulled again",
    "secrets": "`contents: read`",
    "maintenance": "`contents: read`",
}
"""What the token of a job that calls an action has to be allowed."""
_ORDER = ("read", "write")


def render_page() -> str:
    """The whole page."""
    parts = [_HEAD, "## Reusable workflows\n"]
    for path in sorted(ROOT.glob(".github/workflows/*.yml")):
        document = _load(path)
        # YAML 1.1 reads the key `on` as true.
        called = document[True].get("workflow_call", False)
        if called is not False:
            parts += _render_workflow(path, document, called or {})
    parts.append("## Actions\n")
    parts += [
        "Every action is one call of the command of its name; each input is the variable `FAIRLEAD_<INPUT>` of [it](commands.md).\n"
    ]
    for path in sorted(ROOT.glob(".github/actions/*/action.yml")):
        parts += _render_action(path.parent.name, _load(path))
    return "\n".join(parts)


def _render_workflow(path: Path, document: Mapping[str, Any], called: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {path.stem}\n"
    yield f"{_head_comment(path)}\n"
    yield f"```yaml\nuses: OWNER/fairlead/.github/workflows/{path.name}@COMMIT\n```\n"
    yield f"The calling job needs {_shown(_union(document))}.\n"
    yield from _render_inputs(called.get("inputs") or {})
    yield from _render_rows("secret", called.get("secrets") or {})
    yield from _render_rows("output", called.get("outputs") or {})
    yield "| job | its token may | environment |"
    yield "| --- | --- | --- |"
    for name, job in document["jobs"].items():
        yield f"| `{name}` | {_shown(job['permissions'])} | {'yes' if 'environment' in job else ''} |"
    yield ""


def _render_action(name: str, document: Mapping[str, Any]) -> Iterator[str]:
    yield f"### Action {name}\n"
    yield f"{document['description']}.\n"
    yield f"```yaml\n- uses: OWNER/fairlead/.github/actions/{name}@COMMIT\n```\n"
    yield f"The job's token needs: {NEEDS[name]}.\n"
    yield from _render_inputs(document.get("inputs") or {})
    yield from _render_rows("output", document.get("outputs") or {})


def _render_inputs(inputs: Mapping[str, Any]) -> Iterator[str]:
    if not inputs:
        return
    yield "| input | meaning | default |"
    yield "| --- | --- | --- |"
    for name, one in inputs.items():
        default = "required" if one.get("required") else _default(one.get("default"))
        yield f"| `{name}` | {_cell(one['description'])} | {default} |"
    yield ""


def _render_rows(kind: str, rows: Mapping[str, Any]) -> Iterator[str]:
    if not rows:
        return
    yield f"| {kind} | meaning |"
    yield "| --- | --- |"
    for name, one in rows.items():
        yield f"| `{name}` | {_cell(one['description'])}{' Required.' if one.get('required') else ''} |"
    yield ""


def _head_comment(path: Path) -> str:
    """What a file says of itself, but for how it is called."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    text = "\n".join(
        line for line in lines if not line.startswith(("Other repositories call it", "In this repository"))
    )
    text = re.sub(r": uses: OWNER\S+", ".", text)
    return re.sub(r"\n{2,}", "\n\n", text).strip().replace("<", "&lt;")


def _union(document: Mapping[str, Any]) -> dict[str, str]:
    """The most that any job asks for: a caller that grants less is not started."""
    most: dict[str, str] = {}
    for job in document["jobs"].values():
        for name, level in job["permissions"].items():
            most[name] = max(level, most.get(name, "read"), key=_ORDER.index)
    return most


def _shown(permissions: Mapping[str, str]) -> str:
    return ", ".join(f"`{name}: {level}`" for name, level in permissions.items())


def _default(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value or "")
    return f"`{text}`" if text else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _load(path: Path) -> dict[Any, Any]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def main() -> int:
    """Write the page, or say whether it is current."""
    made = render_page()
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == made:
        return 0
    if "--check" in sys.argv:
        print(
            "docs/github-reference.md is not current: `python -m tests.github_reference` writes it",
            file=sys.stderr,
        )
        return 1
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
