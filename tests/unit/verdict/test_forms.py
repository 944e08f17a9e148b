"""The forms of a verdict: each says all that it should, in the shape that its reader needs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from fairlead.findings import Finding, Location
from fairlead.judge.verdict import Verdict
from fairlead.quick.option_words import FORMATS
from fairlead.quick.records import replace
from fairlead.schemas import load_schema
from fairlead.verdict import render
from fairlead.verdict.text import render_text

HERE = Path(__file__).parent
SARIF = json.loads((HERE / "sarif-2.1.0.schema.json").read_text())


ACCEPTED = (
    "      `--write-baseline` accepts what is there today: then only new findings fail;"
    " `--profile dev`, if no server runs it"
)


def junit(verdict: Verdict) -> ET.Element:
    return ET.fromstring(render("junit", verdict).encode("utf-8", "replace"))  # noqa: S314 - our own


def sarif(verdict: Verdict) -> dict[str, object]:
    document = json.loads(render("sarif", verdict))
    jsonschema.Draft4Validator(SARIF, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER).validate(
        document
    )
    (run,) = document["runs"]
    assert isinstance(run, dict)
    return run


def test_text_shows_the_source_line_and_a_caret_below_the_column(verdict: Verdict) -> None:
    text = render_text(verdict)
    assert text.startswith(
        "1 gives away host or data, 2 will fail you at night, 1 service could be hardened\n\n"
        "compose.yaml:5:7: error: services.web.environment.DB_PASSWORD <is> wrong [literal-secret]\n"
        "    5 |       DB_PASSWORD: ***\n      |       ^\n"
        "    -> mend literal-secret\n       like this\n\n"
        "compose.yaml:1:1: note: the file is odd [yaml-trap]\n    1 | services:\n      | ^\n"
        "compose.yaml:3:5: error: services.web.image <is> wrong [floating-tag]\n"
        "    3 |     image: shop/web:latest\n      |     ^\n    -> mend floating-tag\n       like this\n"
    )
    assert text.splitlines()[-5:] == [
        "note: services.gone: no-init is in the baseline",
        "next: `fairlead explain literal-secret` tells why; `--fix` mends 1 of 4",
        ACCEPTED,
        "compose.yaml: 2 errors, 1 warning, 1 note; 1 waived, 1 in the baseline",
        "checked: read; compose did not run: no docker-compose",
    ]
    assert "\x1b" not in text


def test_many_findings_end_with_how_often_each_rule_and_the_way_on(verdict: Verdict) -> None:
    """Who sees a hundred of them sees the last lines: where to begin has to stand there."""
    more = tuple(
        Finding(f"service {n} keeps them", Location("compose.yaml", 1, n), "", "capabilities-kept")
        for n in range(1, 20)
    )
    (judged,) = verdict.judged
    grown = replace(
        verdict,
        findings=(*verdict.findings, *more),
        baselined=(),
        judged=(replace(judged, unreleasable=more[:1]),),
    )
    *_, rules, ways, more_ways, held, place, sentence, _ = render_text(grown).splitlines()
    assert sentence == "compose.yaml: 21 errors, 1 warning, 1 note; 1 waived"
    assert rules == (
        "by rule: literal-secret 1; yaml-trap 1, floating-tag 1; capabilities-kept 19, no-init 1"
    )
    assert "`--write-baseline`" in more_ways
    assert "`--profile dev`" in more_ways
    assert "`--fix` mends 1 of 23" in ways
    assert held == "no baseline takes 1 of them, without which nothing is released:"
    assert place == "  compose.yaml:1:1: service 1 keeps them [capabilities-kept]"


def test_the_value_of_a_secret_is_in_no_form(verdict: Verdict) -> None:
    for kind in ("text", "github", "sarif", "json", "junit", "markdown"):
        assert "c4n4ry" not in render(kind, verdict)
    assert "    5 |       DB_PASSWORD: ***" in render_text(verdict)


def test_colours_change_nothing_but_colours(verdict: Verdict) -> None:
    coloured = render_text(verdict, colour=True)
    assert "\x1b[1;31merror: " in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render_text(verdict)


def test_a_verdict_that_passes_says_so_in_two_lines(clean: Verdict) -> None:
    assert render_text(clean) == (
        "compose.yaml holds: 2 services\nchecked: read; compose did not run: no docker-compose"
    )


def test_what_could_not_be_seen_is_said_in_a_line_of_its_own(clean: Verdict) -> None:
    unseen = replace(
        clean, findings=(Finding("a remote include", Location("compose.yaml", 1, 1), rule="unseen"),)
    )
    line = "the verdict is not complete: a part of the files could not be seen"
    assert f"\nerror: {line}\n" in render_text(unseen)
    assert line in render("markdown", unseen)
    assert line in render("github", unseen)
    assert sarif(unseen)["invocations"][0]["executionSuccessful"] is False  # type: ignore[index]


def test_annotations_come_by_rank_under_the_caps_and_the_rest_is_counted(verdict: Verdict) -> None:
    place = Location("compose.yaml", 2, 3)
    many = tuple(Finding(f"error {number}", place, rule="r") for number in range(12))
    notes = tuple(Finding(f"note {number}", place, rule="r", severity="note") for number in range(3))
    lines = render("github", replace(verdict, findings=(*notes, *many), stale=())).splitlines()
    assert [line.split(" ", 1)[0] for line in lines[:13]] == ["::error"] * 10 + ["::notice"] * 3
    assert lines[0].startswith("::error title=Fairlead::compose.yaml: 12 errors, 3 notes")
    assert lines[1] == "::error file=compose.yaml,line=2,col=3,title=r::error 0"
    assert lines[13] == "3 more errors have no annotation"


def test_paths_are_told_from_the_root_of_the_repository(
    verdict: Verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "deploy shop"
    below.mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "compose.yaml").rename(below / "compose.yaml")
    monkeypatch.chdir(below)
    assert "file=deploy shop/compose.yaml," in render("github", verdict)
    result = sarif(verdict)["results"][0]  # type: ignore[index]
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": "deploy%20shop/compose.yaml", "uriBaseId": "%SRCROOT%"}


def test_sarif_holds_rules_results_suppressions_and_fixes(verdict: Verdict) -> None:
    run = sarif(verdict)
    rules = run["tool"]["driver"]["rules"]  # type: ignore[index]
    results: list[dict[str, object]] = run["results"]  # type: ignore[assignment]
    assert [result["ruleId"] for result in results] == [
        "literal-secret",
        "yaml-trap",
        "floating-tag",
        "no-init",
        "no-limits",
        "no-healthcheck",
    ]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in results)
    assert all(rule["help"]["markdown"] and rule["shortDescription"]["text"] for rule in rules)
    assert [result["level"] for result in results[:4]] == ["error", "note", "error", "warning"]
    assert [result["rank"] for result in results[:4]] == [75.0, 50.0, 50.0, 25.0]
    assert [rule["properties"]["security-severity"] for rule in rules[:4]] == ["8.5", "5.5", "5.5", "2.5"]
    assert "security" in rules[0]["properties"]["tags"]
    place = results[0]["locations"][0]["physicalLocation"]["region"]  # type: ignore[index]
    assert place == {"startLine": 5, "endLine": 5, "startColumn": 7}
    assert len({str(result["partialFingerprints"]) for result in results}) == len(results)
    (waived,) = results[4]["suppressions"]  # type: ignore[misc]
    assert waived == {  # type: ignore[has-type]
        "kind": "inSource",
        "status": "accepted",
        "justification": "it is small (until 2027-01-31)",
    }
    assert results[5]["baselineState"] == "unchanged"
    assert results[5]["suppressions"][0]["kind"] == "external"  # type: ignore[index]


def test_a_fix_in_sarif_is_what_fix_does(verdict: Verdict) -> None:
    (fix,) = sarif(verdict)["results"][3]["fixes"]  # type: ignore[index]
    (change,) = fix["artifactChanges"]
    (replacement,) = change["replacements"]
    assert replacement["insertedContent"]["text"] == "    init: true\n"
    region = replacement["deletedRegion"]
    assert (region["startLine"], region["startColumn"]) == (region["endLine"], region["endColumn"]) == (8, 1)


def test_sarif_of_nothing_is_valid_too(clean: Verdict) -> None:
    assert sarif(clean)["results"] == []


def test_the_schema_of_sarif_is_the_one_that_was_noted() -> None:
    import hashlib

    source = json.loads((HERE / "sarif-2.1.0.source.json").read_text())
    assert hashlib.sha256((HERE / "sarif-2.1.0.schema.json").read_bytes()).hexdigest() == source["sha256"]


def test_the_document_holds_to_its_schema(verdict: Verdict, clean: Verdict) -> None:
    document = json.loads(render("json", verdict))
    jsonschema.validate(document, load_schema("validate"))
    jsonschema.validate(json.loads(render("json", clean)), load_schema("validate"))
    assert document["counts"] == {"error": 2, "warning": 1, "note": 1, "waived": 1, "baselined": 1}
    assert (document["passed"], document["complete"], document["exit_code"]) == (False, True, 11)
    assert document["findings"][3]["fixable"] is True
    assert [one["rank"] for one in document["findings"]] == [2, 3, 3, 4]
    assert document["environments"][0]["services"]["db"]["role"] == "state"


def test_junit_fails_what_fails_the_verdict_and_nothing_else(verdict: Verdict) -> None:
    def failures(one: Verdict) -> list[str]:
        root = junit(one)
        return [case.get("name", "") for case in root.iter("testcase") if case.find("failure") is not None]

    assert failures(verdict) == [
        "literal-secret: services.web.environment.DB_PASSWORD",
        "floating-tag: services.web.image",
    ]
    assert len(failures(replace(verdict, strict=True))) == 3
    root = junit(verdict)
    assert [suite.get("name") for suite in root] == ["compose.yaml", "layers", "baseline"]
    assert root[0].get("tests") == "4"
    skipped = [case.get("name") for case in root.iter("testcase") if case.find("skipped") is not None]
    assert skipped == ["compose", *verdict.stale]


def test_junit_of_a_clean_file_has_a_case_that_passes(clean: Verdict) -> None:
    root = junit(clean)
    assert (root[0].get("tests"), root[0].get("failures")) == ("1", "0")


@pytest.mark.parametrize("text", ["a\x00b\x1b[31m", "]]>&<\"'", "\ud800", "\ufffe"])
def test_no_text_breaks_a_form(clean: Verdict, text: str) -> None:
    finding = Finding(text, Location("compose.yaml", 99, 99), text, rule="yaml", path=("a", text, 0))
    verdict = replace(clean, findings=(finding,))
    junit(verdict)
    for kind in ("text", "github", "sarif", "json", "markdown"):
        assert render(kind, verdict)


def notifications(verdict: Verdict) -> list[object]:
    invocations = sarif(verdict)["invocations"]
    assert isinstance(invocations, list)
    return list(invocations[0]["toolExecutionNotifications"])


@pytest.mark.parametrize("kind", FORMATS)
def test_every_form_tells_what_the_baseline_knows_and_nobody_finds_any_more(
    kind: str, clean: Verdict
) -> None:
    """As a note: it fails nothing."""
    line = "compose.yaml: services.gone: no-init is in the baseline and is not found any more"
    verdict = replace(clean, stale=(line,))
    assert verdict.passed
    told = render(kind, verdict)
    assert line in told
    assert line not in render(kind, clean)
    if kind == "github":
        assert f"::notice title=baseline::{line}" in told.splitlines()
    if kind == "sarif":
        assert {"level": "note", "message": {"text": line}} in notifications(verdict)
    if kind == "junit":
        assert [case.get("name") for case in junit(verdict).iter("testcase") if case.find("failure")] == []


def test_markdown_is_a_table_with_what_matters_most_first(verdict: Verdict) -> None:
    page = render("markdown", verdict)
    assert page.startswith("### ✗ compose.yaml: 2 errors, 1 warning, 1 note; 1 waived, 1 in the baseline\n")
    rows = [line.split(" | ")[0].strip("| ") for line in page.splitlines() if line.startswith("| ")]
    assert rows[:6] == ["", "---", "error", "note", "error", "warning"]
    assert "&lt;is&gt;" in page
    assert "<details><summary>1 waived</summary>" in page
