"""What a verdict tells first, over generated sets of findings: by rank in every form, and nothing grave is folded away."""

from __future__ import annotations

import json
import re
from collections import Counter
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairlead.findings import SEVERITIES, Finding, Location, Repair
from fairlead.judge.policy.grades import GRADES
from fairlead.judge.policy.rule import GRAVE, rank_of
from fairlead.judge.verdict import Verdict, order_of
from fairlead.quick.records import replace
from fairlead.verdict import render
from fairlead.verdict.folded import folded, is_folded
from fairlead.verdict.screen import SCREEN
from fairlead.verdict.text import render_text

_KEYS = ("ports", "user", "image", "init")


@st.composite
def findings(draw: st.DrawFn) -> tuple[Finding, ...]:
    """Findings of any rule, some of a rank of their own, each known again by its words."""
    made = []
    for number in range(draw(st.integers(0, 12))):
        service = draw(st.sampled_from(["web", "db"]))
        key = draw(st.sampled_from(["", *_KEYS]))
        place = Location("compose.yaml", draw(st.integers(1, 7)), draw(st.integers(1, 9)))
        made.append(
            Finding(
                f"fault-{number}.",
                draw(st.sampled_from([place, place, None])),
                draw(st.sampled_from(["", "write user: 1", "remove it"])),
                draw(st.sampled_from(["", *GRADES])),
                draw(st.sampled_from(SEVERITIES)),
                ("services", service, *([key] if key else [])),
                draw(st.sampled_from([None, Repair(("services", service, "init"), "true")])),
                draw(st.integers(0, 4)),
            )
        )
    return tuple(made)


_told = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _numbers(text: str) -> list[int]:
    """The findings in the order in which a text first says them."""
    return [int(one) for one in dict.fromkeys(re.findall(r"fault-(\d+)\.", text))]


@_told
@given(found=findings())
def test_every_form_tells_by_rank(verdict: Verdict, found: tuple[Finding, ...]) -> None:
    one = replace(verdict, findings=found, waived=(), baselined=(), stale=())
    ranks = [rank_of(finding) for finding in found]
    sarif = json.loads(render("sarif", one))["runs"][0]["results"]
    document = json.loads(render("json", one))["findings"]
    for said in ([r["message"]["text"] for r in sarif], [f["what"] for f in document]):
        numbers = _numbers("\n".join(said))
        assert len(numbers) == len(found)
        assert [ranks[number] for number in numbers] == sorted(ranks)
    for kind in ("text", "markdown", "github"):
        told = [ranks[number] for number in _numbers(render(kind, one))]
        assert told == sorted(told)
    for suite in ET.fromstring(render("junit", one)):  # noqa: S314 - our own
        cases = [text for case in suite for text in case.itertext()]
        told = [ranks[number] for number in _numbers("\n".join(cases))]
        assert told == sorted(told)


@_told
@given(found=findings(), strict=st.booleans())
def test_nothing_grave_and_nothing_that_fails_is_folded(
    verdict: Verdict, found: tuple[Finding, ...], *, strict: bool
) -> None:
    one = replace(verdict, findings=found, strict=strict)
    told = folded(one)
    grave = [finding for finding in sorted(found, key=order_of) if rank_of(finding) <= GRAVE]
    assert told[: len(grave)] == grave
    assert all(finding in told for finding in found if finding.severity == "error" or strict)
    assert all(rank_of(finding) == 4 for finding in found if finding not in told)
    hidden = Counter(finding for finding in found if finding not in told)
    assert all(is_folded(finding) for finding in hidden)
    text = render_text(one)
    assert set(_numbers(text)) >= {found.index(finding) for finding in grave}


@_told
@given(found=findings())
def test_folding_changes_no_count_and_no_exit_code(verdict: Verdict, found: tuple[Finding, ...]) -> None:
    one = replace(verdict, findings=found)
    fails = any(finding.severity == "error" and finding.rule != "unseen" for finding in found)
    unseen = any(finding.rule == "unseen" for finding in found)
    assert one.exit_code == (11 if fails else 12 if unseen else 0)
    # What stands for several is as grave as the gravest of them.
    light = [finding for finding in folded(one) if finding not in found]
    assert all(finding.severity in {"warning", "note"} for finding in light)
    assert any(finding.severity == "warning" for finding in light) <= one.count("warning")
    assert json.loads(render("json", one))["counts"]["error"] == one.count("error")


def _leaks(number: int) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            f"web: port {n} leads to a place that has a name long enough to be read",
            Location("compose.yaml", n % 7 + 1, 3),
            "remove it",
            "engine-socket",
            path=("services", "web", "volumes", n),
        )
        for n in range(number)
    )


@pytest.mark.parametrize("number", [1, 3, 5, 10, 20])
def test_the_first_screen_has_all_that_gives_away(verdict: Verdict, number: int) -> None:
    """Few are shown with their lines, many in one line each."""
    noise = Finding(
        "web: it may take all", Location("compose.yaml", 2, 3), "", "no-limits", path=("services", "web")
    )
    text = render_text(replace(verdict, findings=(noise, *_leaks(number))))
    screen = text.splitlines()[:SCREEN]
    assert sum("[engine-socket]" in line for line in screen) == number
    assert screen[0].startswith(f"{number} give")
    assert any(line.startswith("      | ") for line in screen) == (number <= 3)


def test_hardening_is_one_line_a_service_that_names_the_keys(verdict: Verdict) -> None:
    place = Location("compose.yaml", 2, 3)
    hardening = [
        Finding(
            "web: a", place, "write cap_drop: [ALL]", "capabilities-kept", "warning", ("services", "web")
        ),
        Finding("web: b", place, "write init: true", "no-init", "warning", ("services", "web")),
        Finding("web: c", place, "take it off", "state-reachable", "warning", ("services", "web")),
        Finding("db: d", place, "write user: 1", "runs-as-root", "warning", ("services", "db")),
    ]
    one = replace(verdict, findings=tuple(hardening))
    text = render_text(one)
    assert "warning: web could be hardened: 3 settings (cap_drop, init, state-reachable)\n" in text
    # Of one, nothing is left to fold.
    assert "warning: db: d [runs-as-root]" in text
    assert text.startswith("2 services could be hardened\n")
    assert "web could be hardened" not in render_text(replace(one, chosen=True))
    assert "web could be hardened" not in render_text(replace(one, strict=True))
    assert "::warning file=compose.yaml,line=2,col=3,title=Fairlead::web could be hardened" in render(
        "github", one
    )
