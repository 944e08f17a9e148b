"""``fairlead validate`` as a whole, inside this process: what it finds, says, mends, remembers, and leaves with."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result

from fairlead.cli.root import command
from fairlead.schemas import load_schema

BAD = """\
name: shop
services:
  web:  # the front
    image: nginx:latest
    restart: sometimes
"""
UNSEEN = "include: [https://example.com/more.yaml]\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    for name in [name for name in os.environ if name.startswith(("FAIRLEAD_", "GITHUB_"))]:
        monkeypatch.delenv(name)


def run(*words: str, code: int = 11) -> Result:
    result = CliRunner().invoke(
        command, ["--plain", "validate", "--no-compose", *words], catch_exceptions=False
    )
    assert result.exit_code == code, result.output
    return result


def refused(*words: str) -> str:
    """The words of the error of a call that ends before there is a verdict."""
    from fairlead.errors import InputError

    with pytest.raises(InputError) as raised:
        CliRunner().invoke(command, ["validate", *words], catch_exceptions=False, standalone_mode=False)
    return raised.value.what


def write(text: str, name: str = "compose.yaml") -> Path:
    Path(name).write_text(text)
    return Path(name)


def document(*words: str, code: int = 11) -> dict[str, Any]:
    result = CliRunner().invoke(
        command, ["--json", "validate", "--no-compose", *words], catch_exceptions=False
    )
    assert result.exit_code == code, result.output
    made = json.loads(result.stdout)
    jsonschema.validate(made, load_schema("validate"))
    assert isinstance(made, dict)
    return made


def rules(made: dict[str, Any], kind: str = "findings") -> list[str]:
    return [finding["rule"] for finding in made[kind]]


def test_a_file_is_found_by_name_from_below() -> None:
    write(BAD)
    Path("below").mkdir()
    os.chdir("below")
    assert "compose.yaml:4:12: warning: " in run().stdout


def test_the_override_counts_as_compose_has_it() -> None:
    write(BAD)
    write("services: {web: {restart: nonsense}}\n", "compose.override.yaml")
    assert document()["files"] == ["compose.yaml", "compose.override.yaml"]


@pytest.mark.parametrize("by", ["variable", "dotenv"])
def test_compose_file_names_the_files_as_for_compose(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write(BAD)
    write("services: {web: {restart: nonsense}}\n", "more.yaml")
    write("services: {}\n", "compose.override.yaml")
    if by == "variable":
        monkeypatch.setenv("COMPOSE_FILE", "compose.yaml:more.yaml")
    else:
        write("A=1\nCOMPOSE_FILE=compose.yaml:more.yaml\n", ".env")
    assert document()["files"] == ["compose.yaml", "more.yaml"]


def test_files_are_one_app_or_with_each_one_apiece() -> None:
    write(BAD)
    write("services: {web: {image: 'nginx:1'}}\n", "more.yaml")
    assert len(document("compose.yaml", "more.yaml")["environments"]) == 1
    assert len(document("--each", "compose.yaml", "more.yaml")["environments"]) == 2


def test_an_override_on_its_own_brings_the_file_that_it_overrides() -> None:
    write(BAD)
    write("services: {web: {init: true}}\n", "compose.override.yaml")
    (one,) = document("--each", "compose.override.yaml")["environments"]
    assert one["files"] == ["compose.yaml", "compose.override.yaml"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("none.yaml",), "none.yaml is not there"),
        ((".",), ". is a folder"),
        (("-e", "production"), "no fairlead.yaml to take the environment production from"),
        (("--fix", "--diff"), "--fix changes the files"),
        (("--each",), "--each checks each FILE"),
        (("--fix", "no-inti"), "there is no rule and no file no-inti"),
        (("--diff", "no-inti"), "there is no rule and no file no-inti"),
        (("--fix", "compose.yaml", "no-healthcheck"), "--fix does not mend no-healthcheck"),
        (("--fix", "./no-init"), "no-init is not there"),
        (("--ask",), "--ask asks for each repair of --fix"),
        (("--fix", "--ask"), "--ask needs a terminal"),
        (("--rule", "no-helthcheck", "compose.yaml"), "there is no rule no-helthcheck"),
        (("--baseline", "none.json", "compose.yaml"), "none.json can't be read as a baseline"),
        (("--compose-version", "new", "compose.yaml"), "new is no version of Compose"),
        ((), "there is no compose file here"),
    ],
)
def test_a_mistake_of_the_caller_is_told_as_one(words: tuple[str, ...], says: str) -> None:
    if words:
        write(BAD)
    assert says in refused(*words)


def test_a_part_that_can_t_be_seen_has_an_exit_code_of_its_own() -> None:
    write(UNSEEN)
    result = run(code=12)
    assert "[unseen]" in result.stdout
    assert "the verdict is not complete" in result.stdout
    assert "model did not run: a part of the files could not be seen" in result.stdout
    made = document(code=12)
    assert (made["passed"], made["complete"]) == (False, False)


def test_a_part_that_can_t_be_seen_and_a_fault_is_a_fault() -> None:
    write(f"{UNSEEN}{BAD}    privileged: true\n")
    assert "unseen" in rules(document(code=11))


@pytest.mark.parametrize("words", [("--write-baseline",), ("--rule", "schema")])
def test_nothing_hides_what_can_t_be_seen(words: tuple[str, ...]) -> None:
    write(UNSEEN)
    run(*words, code=12)
    run(code=12)


def test_only_some_rules() -> None:
    write(BAD)
    assert set(rules(document("--rule", "floating-tag", code=0))) == {"floating-tag"}
    run("--rule", "duplicate-key", code=0)


def test_warnings_fail_when_asked() -> None:
    write(BAD)
    words = ("--rule", "no-init")
    assert rules(document(*words, code=0)) == ["no-init"]
    assert rules(document(*words, "--strict", code=11)) == ["no-init"]


def test_in_development_some_rules_are_notes() -> None:
    write(BAD)
    (finding,) = document("--rule", "writable-root", code=0)["findings"]
    assert finding["severity"] == "warning"
    (finding,) = document("--rule", "writable-root", "--strict")["findings"]
    assert finding["severity"] == "error"
    (finding,) = document("--rule", "writable-root", "--profile", "dev", code=0)["findings"]
    assert finding["severity"] == "note"


def test_several_forms_at_once_into_files_and_on_the_screen() -> None:
    write(BAD)
    result = run("--format", "sarif=out/a.sarif", "--format", "junit=b.xml", "--format", "markdown")
    assert result.stdout.startswith("### ✗ compose.yaml: ")
    assert json.loads(Path("out/a.sarif").read_text())["version"] == "2.1.0"
    assert Path("b.xml").read_text().startswith("<?xml")


def test_with_every_form_in_a_file_the_outcome_is_still_said() -> None:
    write(BAD)
    result = run("--format", "json=a.json")
    assert result.stdout == ""
    assert result.stderr.startswith("compose.yaml: ")


def test_from_a_baseline_on_only_new_findings_fail() -> None:
    write(BAD)
    run("--write-baseline", code=0)
    assert rules(document(code=0)) == []
    write("# moved\n\n" + BAD + "  db:\n    image: postgres\n")
    made = document("--strict")
    assert rules(made, "baselined")
    assert "services.web.image" not in [finding["path"] for finding in made["findings"]]
    assert [finding for finding in made["findings"] if finding["path"].startswith("services.db")]


def test_what_is_mended_is_told_as_stale_until_the_baseline_is_written_again() -> None:
    write(BAD)
    run("--write-baseline", code=0)
    write(BAD.replace("sometimes", "always"))
    assert "is in the baseline and is not found any more" in run(code=0).stdout
    run("--write-baseline", code=0)
    assert document(code=0)["stale"] == []


def test_fix_mends_keeps_the_rest_and_has_nothing_to_do_the_second_time() -> None:
    write(BAD)
    before = document()
    fixable = [finding for finding in before["findings"] if finding["fixable"]]
    assert fixable
    result = run("--fix")
    assert f"mended {len(fixable)} in compose.yaml" in result.stdout
    text = Path("compose.yaml").read_text()
    assert "  web:  # the front\n    image: nginx:latest\n    restart: sometimes\n" in text
    assert not [finding for finding in document()["findings"] if finding["fixable"]]
    run("--fix")
    assert Path("compose.yaml").read_text() == text


def test_diff_shows_what_fix_does_and_changes_nothing() -> None:
    write(BAD)
    diff = run("--diff").stdout
    assert Path("compose.yaml").read_text() == BAD
    assert "--- a/compose.yaml\n+++ b/compose.yaml\n" in diff
    assert "\n+    init: true\n" in diff
    run("--fix")
    added = [line[1:] for line in diff.splitlines() if line.startswith("+") and not line.startswith("+++")]
    assert set(added) <= set(Path("compose.yaml").read_text().splitlines())


@pytest.mark.parametrize("words", [("no-init",), ("compose.yaml", "no-init"), ("no-init", "compose.yaml")])
def test_fix_with_rules_mends_only_these_and_tells_of_all(words: tuple[str, ...]) -> None:
    write(BAD)
    before = rules(document())
    result = run("--fix", *words)
    assert "mended 1 in compose.yaml" in result.stdout
    assert Path("compose.yaml").read_text() == f"{BAD}    init: true\n"
    before.remove("no-init")
    assert rules(document()) == before
    assert "[restart-policy]" in result.stdout or "[unbounded-logs]" in result.stdout


def test_the_nearest_rule_is_named() -> None:
    from fairlead.errors import InputError

    write(BAD)
    for words in (["--fix", "no-inti"], ["--rule", "no-inti"]):
        with pytest.raises(InputError) as raised:
            CliRunner().invoke(command, ["validate", *words], catch_exceptions=False, standalone_mode=False)
        assert raised.value.fix == "did you mean no-init?"


@pytest.mark.parametrize("folder", ["日本語", "2024", "on", "_", "Straße", "1e3", "null"])
def test_the_name_that_fix_writes_is_one_whatever_the_folder_is_called(folder: str) -> None:
    Path(folder).mkdir()
    write(BAD.removeprefix("name: shop\n"), f"{folder}/compose.yaml")
    assert "mended 1 in" in run("--fix", "obsolete", f"{folder}/compose.yaml").stdout
    name = yaml.safe_load(Path(folder, "compose.yaml").read_text())["name"]
    assert isinstance(name, str)
    assert re.fullmatch("[a-z0-9][a-z0-9_-]*", name)
    assert "name" not in {finding["path"] for finding in document(f"{folder}/compose.yaml")["findings"]}


def test_json_stays_json_and_says_the_same_and_the_repairs() -> None:
    value = {
        "name": "shop",
        "services": {"web": {"image": "postgres:17", "logging": {"driver": "json-file"}}},
    }
    Path("compose.json").write_text(json.dumps(value, indent=2))
    run("--fix", "compose.json", code=0)
    mended = json.loads(Path("compose.json").read_text())
    web = mended["services"]["web"]
    assert web.pop("init") is True
    assert web.pop("security_opt") == ["no-new-privileges:true"]
    assert web["logging"].pop("options") == {"max-size": "10m", "max-file": "3"}
    assert mended == value


LOCAL = "logging: {driver: local}"


@pytest.mark.parametrize(
    ("service", "after"),
    [
        ("image: 'acme/web:1'", None),
        ("image: 'lscr.io/linuxserver/nextcloud:31'", None),
        ("build: .\n    init: false", None),
        ("image: 'postgres:17'\n    init: false", None),
        ("image: 'postgres:17'", "init: true"),
        ("build: .", "init: true"),
    ],
)
def test_an_init_is_written_where_it_does_no_harm(service: str, after: str | None) -> None:
    text = f"name: shop\nservices:\n  web:\n    {service}\n"
    write(text)
    CliRunner().invoke(command, ["validate", "--no-compose", "--fix", "no-init"])
    assert Path("compose.yaml").read_text() == text + (f"    {after}\n" if after else "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'logging: {driver: json-file, options: {max-size: 10m, max-file: "3"}}'),
        (
            "logging: {driver: json-file}",
            'logging: {driver: json-file, options: {max-size: 10m, max-file: "3"}}',
        ),
        (
            "logging: {options: {tag: web}}",
            'logging: {options: {tag: web, max-file: "3", max-size: 10m}}',
        ),
        (
            "logging: {driver: json-file, options: {max-size: 1g}}",
            'logging: {driver: json-file, options: {max-size: 1g, max-file: "3"}}',
        ),
        (LOCAL, LOCAL),
        ("logging: {driver: syslog, options: {tag: web}}", "logging: {driver: syslog, options: {tag: web}}"),
    ],
)
def test_bounds_of_a_log_join_the_driver_and_options_that_are_there(before: str, after: str) -> None:
    text = "name: shop\nservices:\n  web:\n    image: 'postgres:17'\n"
    write(text + (f"    {before}\n" if before else ""))
    CliRunner().invoke(command, ["validate", "--no-compose", "--fix", "unbounded-logs"])
    assert Path("compose.yaml").read_text() == f"{text}    {after}\n"


def test_what_is_shared_is_left_to_a_person_with_the_reason() -> None:
    write("name: shop\nservices:\n  web: &web\n    image: nginx:latest\n  more: *web\n")
    text = Path("compose.yaml").read_text()
    assert "stands in the anchor &web" in run("--fix", code=0).stdout
    assert Path("compose.yaml").read_text() == text


def test_a_repair_that_makes_it_worse_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    from fairlead.judge.fix import FixedText, fix_text

    def broken(text: str, findings: Any) -> FixedText:
        good = fix_text(text, findings)
        return FixedText(good.text.replace("nginx:latest", "NGINX:::"), good.mended, good.refused)

    monkeypatch.setattr("fairlead.cli.validate.mending.fix_text", broken)
    write(BAD)
    assert "made the files worse" in refused("--no-compose", "--fix")
    assert Path("compose.yaml").read_text() == BAD


def test_line_ends_and_mode_of_a_file_stay_when_it_is_mended() -> None:
    file = Path("compose.yaml")
    file.write_bytes(b"\xef\xbb\xbf" + BAD.replace("\n", "\r\n").encode())
    file.chmod(0o640)
    run("--fix")
    raw = file.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfname: shop\r\n")
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert file.stat().st_mode & 0o777 == 0o640


def test_with_fairlead_yaml_every_environment_and_combination_is_judged() -> None:
    write(BAD)
    write("services: {web: {restart: nonsense}}\n", "dev.yaml")
    write(
        "app: shop\n"
        "environments:\n"
        "  production: {hosts: [deploy@example.com], url: 'https://example.com'}\n"
        "  staging: {hosts: [deploy@example.com], url: 'https://s.example.com'}\n"
        "validate: {combinations: {dev: {compose: [compose.yaml, dev.yaml], development: true}}}\n",
        "fairlead.yaml",
    )
    made = document()
    assert [one["name"] for one in made["environments"]] == ["production", "staging", "dev"]
    one = [finding for finding in made["findings"] if finding["what"].count("sometimes")]
    assert len(one) == 1
    assert [one["name"] for one in document("-e", "staging")["environments"]] == ["staging"]


SETTINGS = """\
app: shop
environments:
  production: {hosts: [deploy@example.com], url: 'https://example.com', variables: {TAG: "1"}}
  staging: {hosts: [deploy@example.com], url: 'https://s.example.com', variables: {TAG: "2"}}
"""


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("compose.yaml",), ["production", "staging"]),
        (("--each", "compose.yaml"), ["production", "staging"]),
        (("-e", "staging", "compose.yaml"), ["staging"]),
        (("other.yaml",), [""]),
        (("compose.yaml", "other.yaml"), [""]),
        (("--each", "other.yaml", "compose.yaml"), ["production", "staging", ""]),
    ],
)
def test_a_file_that_fairlead_yaml_names_is_judged_as_part_of_its_app(
    words: tuple[str, ...], names: list[str]
) -> None:
    write(BAD)
    write("services: {web: {image: 'nginx:${TAG:?}'}}\n", "other.yaml")
    write(SETTINGS, "fairlead.yaml")
    made = document(*words, code=11 if "compose.yaml" in words else 0)
    assert [one["name"] for one in made["environments"]] == names


def test_in_a_job_of_github_there_are_annotations_a_summary_and_outputs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(BAD)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    result = CliRunner().invoke(command, ["validate", "--no-compose"], catch_exceptions=False)
    assert result.exit_code == 11
    assert "::warning file=compose.yaml,line=4,col=12,title=floating-tag::" in result.stdout
    assert "| warning | compose.yaml:4:12 | floating-tag |" in (tmp_path / "summary.md").read_text()
    outputs = (tmp_path / "output").read_text()
    assert "exit-code<<" in outputs
    assert "\n11\n" in outputs
    assert "\nfalse\n" in outputs


def test_a_job_is_not_told_of_thousands_of_findings_one_by_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All of them stand in the document; outside a job nothing is left out."""
    services = "".join(f"  s{number}: {{image: 'nginx:latest', privileged: true}}\n" for number in range(100))
    write(f"services:\n{services}")
    told = CliRunner().invoke(command, ["validate", "--no-compose"], catch_exceptions=False)
    assert "more findings" not in told.stdout
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    logged = CliRunner().invoke(command, ["validate", "--no-compose"], catch_exceptions=False)
    assert re.search(r"and \d+ more findings: the output `document` has all", logged.stdout)
    assert len(logged.stdout) < len(told.stdout) / 3
    assert (tmp_path / "summary.md").stat().st_size < 400 * 1024
    (file,) = tmp_path.glob("fairlead-document-*.json")
    assert len(json.loads(file.read_text())["findings"]) > 1_000


def test_a_workflow_command_in_a_file_is_not_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    write('services:\n  web:\n    image: "x\\n::error::boo"\n')
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    result = CliRunner().invoke(
        command, ["validate", "--no-compose", "--format", "text"], catch_exceptions=False
    )
    assert not [line for line in result.stdout.splitlines() if line.startswith("::")]
