"""``fairlead explain``: why a rule is there, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from fairlead.cli.options.shared import examples

if TYPE_CHECKING:
    from fairlead.judge.policy.pages import Rule


def _complete(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from fairlead.cli.help.topics import TOPICS
    from fairlead.judge.policy.grades import GRADES

    return [name for name in (*GRADES, *TOPICS) if name.startswith(incomplete)]


@click.command(
    epilog=examples(
        ("fairlead explain", "all rules, a line each"),
        ("fairlead explain no-init", "why this one, with a bad and a good example"),
        ("fairlead explain proxy", "how an app brings a proxy of its own"),
        ("fairlead --json explain no-init", "for an editor"),
    )
)
@click.argument("rules", metavar="[RULE]...", nargs=-1, shell_complete=_complete)
def command(rules: tuple[str, ...]) -> None:
    """Tell why a rule of `fairlead validate` is there: what happens without it, examples, sources.

    Without a rule: all of them, a line each. `proxy` is no rule: how requests reach the app.
    """
    from fairlead import report
    from fairlead.cli.help.topics import TOPICS
    from fairlead.judge.policy.pages import read_rules

    reporter = report.current()
    told = [name for name in rules if name in TOPICS]
    rules = tuple(name for name in rules if name not in TOPICS)
    chosen = [_find(name) for name in rules] or ([] if told else list(read_rules().values()))
    if not rules and not told:
        reporter.table(("rule", "", "what is wrong"), [_row(rule) for rule in chosen])
    document: dict[str, Any] = {
        "schema": "fairlead.explain/v1",
        "rules": [_record(rule) for rule in chosen],
        **({"topics": {name: TOPICS[name] for name in told}} if told else {}),
    }
    texts = [*(TOPICS[name] for name in told), *(render_rule(rule) for rule in chosen if rules)]
    reporter.result(document, "\n\n".join(texts) or "`fairlead explain RULE` tells why")


def _find(name: str) -> Rule:
    from fairlead.errors import InputError
    from fairlead.judge.policy.grades import GRADES
    from fairlead.judge.policy.pages import read_rule
    from fairlead.nearest import did_you_mean

    if name not in GRADES:
        fix = did_you_mean(name, GRADES) or "`fairlead explain` lists them"
        raise InputError(f"there is no rule {name}", fix=fix)
    return read_rule(name)


def _row(rule: Rule) -> tuple[str, str, str]:
    return rule.name, _grade(rule), rule.title


def _grade(rule: Rule) -> str:
    """``rank 3, warning, error with --strict``: all that a reader asks first."""
    parts: Iterable[str] = (
        f"rank {rule.rank}",
        rule.severity,
        "error with --strict" if rule.strict_only else "",
        "error where Fairlead deploys it" if rule.deployed_error else "",
        "note in development" if rule.development_note else "",
        "--fix" if rule.fixable else "",
    )
    return ", ".join(part for part in parts if part)


def render_rule(rule: Rule) -> str:
    """A rule as text for a terminal."""
    parts = [f"{rule.name}: {rule.title}", _grade(rule), rule.why]
    if rule.bad:
        parts += [f"Not so:\n\n{_indented(rule.bad)}", f"But so:\n\n{_indented(rule.good)}"]
    parts.append("Sources:\n" + "\n".join(f"  {source}" for source in rule.sources))
    return "\n\n".join(part.rstrip() for part in parts)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines())


def _record(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "group": rule.group,
        "rank": rule.rank,
        "severity": rule.severity,
        "strict_error": rule.strict_only,
        "deployed_error": rule.deployed_error,
        "title": rule.title,
        "why": rule.why,
        "bad": rule.bad,
        "good": rule.good,
        "sources": list(rule.sources),
        "fixable": rule.fixable,
        "development_note": rule.development_note,
        "page": rule.help_path,
    }
