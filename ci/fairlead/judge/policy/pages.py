"""The pages of the rules, made from the catalog.

``python -m fairlead.judge.policy.pages`` writes docs/rules; with ``--check`` it only says whether they are current.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fairlead.errors import FairleadError, InputError
from fairlead.judge.policy.catalog import GROUPS, RULES, Rule

FOLDER = Path("docs/rules")
_MADE = "<!-- Made by `python -m fairlead.judge.policy.pages` from ci/fairlead/judge/policy/texts. -->"
_HEAD = f"""\
# Rules

{_MADE}

What `fairlead validate` looks for in compose files. `fairlead explain RULE` shows the same on a terminal.
**dev**: a note in files that serve development only. **fix**: `fairlead validate --fix` mends it.
Severities are chosen in [fairlead.yaml](../configuration.md#validate); a waiver with its reason stands
[beside the service](../configuration.md#x-fairlead).
"""


def render_pages() -> dict[str, str]:
    """Every page by its file name."""
    pages = {f"{rule.name}.md": _page(rule) for rule in RULES.values()}
    return {"README.md": _index(), **pages}


def _index() -> str:
    parts = [_HEAD]
    for group, texts in GROUPS.items():
        parts.append(f"## {group}\n\n| rule | severity | | what is wrong |\n| --- | --- | --- | --- |")
        parts += [_row(RULES[text.name]) for text in texts]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _row(rule: Rule) -> str:
    marks = " ".join(mark for mark, holds in (("dev", rule.development_note), ("fix", rule.fixable)) if holds)
    return f"| [`{rule.name}`]({rule.name}.md) | {rule.severity} | {marks} | {rule.title} |"


def _page(rule: Rule) -> str:
    parts = [f"# {rule.name}", _MADE, f"**{rule.title}.** {_grade(rule)}", rule.why.rstrip()]
    if rule.bad:
        parts.append(f"Not so:\n\n```yaml\n{rule.bad.rstrip()}\n```")
        parts.append(f"But so:\n\n```yaml\n{rule.good.rstrip()}\n```")
    sources = "\n".join(f"- {_linked(source)}" for source in rule.sources)
    parts += [f"Sources:\n\n{sources}", "[All rules](README.md)"]
    return "\n\n".join(parts) + "\n"


def _grade(rule: Rule) -> str:
    words = {"error": "An error", "warning": "A warning", "note": "A note"}[rule.severity]
    if rule.development_note:
        words += ", a note in files that serve development only"
    return f"{words}; `--fix` mends it." if rule.fixable else f"{words}."


def _linked(source: str) -> str:
    return f"<{source}>" if source.startswith("https://") else source


def main(arguments: list[str]) -> None:
    """Write the pages, or check them.

    Raises:
        InputError: with ``--check``, a page is not what the catalog says, is missing, or is of no rule.
    """
    pages = render_pages()
    if "--check" not in arguments:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, text in pages.items():
            (FOLDER / name).write_text(text, encoding="utf-8")
        for file in FOLDER.glob("*.md"):
            if file.name not in pages:
                file.unlink()
        return
    there = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.md")}
    wrong = sorted(name for name in pages.keys() | there.keys() if pages.get(name) != there.get(name))
    if wrong:
        fix = "`python -m fairlead.judge.policy.pages` writes them"
        raise InputError(f"not current in {FOLDER}: {', '.join(wrong)}", fix=fix)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except FairleadError as error:
        sys.exit(f"{error.what}: {error.fix}")
