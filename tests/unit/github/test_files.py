"""GITHUB_OUTPUT and GITHUB_STEP_SUMMARY."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fairlead.github import summary
from fairlead.github.outputs import append_outputs, output_name, outputs_of


def read_outputs(path: Path) -> dict[str, str]:
    """What GitHub's runner reads: ``name<<delimiter``, lines, the delimiter alone."""
    outputs: dict[str, str] = {}
    lines = iter(path.read_text(encoding="utf-8").split("\n"))
    for head in lines:
        if not head:
            continue
        name, _, delimiter = head.partition("<<")
        value = []
        for line in lines:
            if line == delimiter:
                break
            value.append(line)
        outputs[name] = "\n".join(value)
    return outputs


def test_outputs_are_the_scalars_of_a_document_and_all_of_it() -> None:
    document = {
        "schema": "x/v1",
        "image_tag": "sha-1",
        "dirty": False,
        "exit": 0,
        "images": {"a": 1},
        "none": None,
    }
    outputs = outputs_of(document)
    assert json.loads(outputs.pop("document")) == document
    assert outputs == {"image-tag": "sha-1", "dirty": "false", "exit": "0"}


def test_an_output_has_the_name_of_its_field() -> None:
    assert output_name("FAIRLEAD_Image tag") == "fairlead-image-tag"


def test_no_value_can_end_its_output_and_begin_another(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("before<<X\n1\nX\n")
    hostile = "line\nEOF\nX\nevil<<Y\n1\nY"
    append_outputs(path, {"message": hostile, "after": ""})
    assert read_outputs(path) == {"before": "1", "message": hostile, "after": ""}


@pytest.mark.parametrize("folder", ["", "temp"])
def test_a_document_that_a_job_could_not_hand_on_lies_in_a_file(folder: str, tmp_path: Path) -> None:
    (tmp_path / "temp").mkdir()
    path = tmp_path / "out"
    document = {"status": "live", "findings": ["é" * 1_000] * 400}
    append_outputs(path, outputs_of(document), tmp_path / folder if folder else None)
    found = read_outputs(path)
    assert (found["status"], found["document"]) == ("live", "")
    file = Path(found["document-file"])
    assert file.parent == tmp_path / folder
    assert json.loads(file.read_text()) == document


def test_half_a_character_of_a_server_fails_no_job(tmp_path: Path) -> None:
    document = {"release": "00\ud8002", "data": {"\udfff": ["\ud800"] * 50_000}}
    for number, one in enumerate((document, {**document, "data": {}})):
        path = tmp_path / str(number)
        append_outputs(path, outputs_of(one))
        found = read_outputs(path)
        said = found["document"] or Path(found["document-file"]).read_text(encoding="utf-8")
        assert json.loads(said)["release"] == "00\ufffd2"
    assert summary.append_summary(tmp_path / "page", "a\ud800") == ""


def test_the_delimiter_is_another_one_each_time(tmp_path: Path) -> None:
    path = tmp_path / "out"
    append_outputs(path, {"a": "1", "b": "2"})
    delimiters = re.findall(r"<<(\S+)", path.read_text())
    assert len(set(delimiters)) == 2
    assert all(len(delimiter) >= 32 for delimiter in delimiters)


def test_the_summary_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    path.write_text("# another tool\n")
    summary.append_summary(path, "ours")
    summary.append_summary(path, "more")
    assert path.read_text() == "# another tool\nours\n\nmore\n\n"


@pytest.mark.parametrize("place", [".", "none/summary.md"])
def test_a_summary_that_cannot_be_written_is_told_and_fails_nothing(place: str, tmp_path: Path) -> None:
    assert "the summary of the step cannot be written" in summary.append_summary(tmp_path / place, "ours")


def test_the_summary_is_cut_before_github_drops_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    path.write_text("x" * (summary.LIMIT - 1000))
    summary.append_summary(path, "é" * 1000)
    assert path.stat().st_size <= summary.LIMIT
    assert path.read_text(encoding="utf-8").endswith("the log has all of it._\n")
    size = path.stat().st_size
    summary.append_summary(path, "y" * 1000)
    assert path.stat().st_size == size


def test_what_comes_from_outside_draws_nothing() -> None:
    table = summary.render_table(["a"], [["x | y\n<img src=//evil> [a](b) `c` *d* #1"]])
    assert table.splitlines()[2] == (r"| x \| y &lt;img src=//evil&gt; \[a\](b) \`c\` \*d\* \#&#8203;1 |")


def test_a_fence_is_longer_than_any_within() -> None:
    assert summary.fence("a\n```\nb````").startswith("`````text\n")


def test_the_last_lines_of_the_evidence_are_in_sight() -> None:
    short = summary.render_evidence(["a\nb", "c"])
    assert short == "```text\na\nb\nc\n```"
    long = summary.render_evidence([f"line {number}" for number in range(1000)])
    assert long.startswith("```text\nline 980\n")
    assert "<summary>200 lines before these; 780 more stand in the log</summary>" in long
    assert long.count("\n") < 240


def test_a_table_of_very_many_rows_says_how_many_more_there_are() -> None:
    table = summary.render_table(["a"], [[str(number)] for number in range(1000)])
    assert table.endswith("| 99 |\n\n900 more rows stand in the log.\n")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://board.example.com:8443/a", "<https://board.example.com:8443/a>"),
        ("javascript:alert(1)", "`javascript:alert(1)`"),
        ("https://a>b", "<code>https&#58;&#47;&#47;a&#62;b</code>"),
        ("", ""),
    ],
)
def test_only_an_address_is_a_link(url: str, shown: str) -> None:
    assert summary.link(url) == shown
