"""The baseline: what was there before is known again wherever it moved; what is new is new."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fairlead.composefile.loader import Model, load_model
from fairlead.errors import InputError
from fairlead.findings import Finding
from fairlead.judge.baseline import Baseline, apply_baseline, fingerprint, load_baseline, write_baseline
from fairlead.judge.policy import make_policy
from fairlead.judge.run import judge
from fairlead.judge.scopes import file_scopes
from fairlead.judge.verdict import Request, Verdict
from fairlead.quick.records import replace

TEXT = """\
services:
  web:
    image: shop/web:latest
    ports: ["80:80", "443:443"]
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(text: str) -> Model:
    file = Path("compose.yaml")
    file.write_text(text)
    return load_model([file], variables={})


def found(model: Model, rule: str, *path: str | int) -> Finding:
    return Finding("what", model.location(path), rule=rule, path=path)


def mark(text: str, *path: str | int, rule: str = "r") -> str:
    model = load(text)
    return fingerprint(found(model, rule, *path), Path.cwd())


IMAGE = ("services", "web", "image")


def test_a_fingerprint_survives_moved_lines_and_other_changes() -> None:
    moved = "# more\n\nname: shop\n" + TEXT.replace("    ports", "    init: true\n    ports")
    assert mark(moved, *IMAGE) == mark(TEXT, *IMAGE)
    assert mark(moved, "services", "web") == mark(TEXT, "services", "web")


def test_a_fingerprint_survives_an_item_before_it_in_a_list() -> None:
    more = TEXT.replace('["80:80", ', '["22:22", "80:80", ')
    assert mark(more, "services", "web", "ports", 2) == mark(TEXT, "services", "web", "ports", 1)


def test_another_rule_path_or_file_is_another_finding() -> None:
    before = mark(TEXT, *IMAGE)
    assert mark(TEXT, *IMAGE, rule="other") != before
    assert mark(TEXT, "services", "web") != before
    finding = found(load(TEXT), "r", *IMAGE)
    assert finding.location is not None
    elsewhere = replace(finding, location=replace(finding.location, path="other.yaml"))
    assert fingerprint(elsewhere, Path.cwd()) != before


def test_another_value_is_no_other_finding() -> None:
    assert mark(TEXT.replace("latest", "main"), *IMAGE) == mark(TEXT, *IMAGE)
    assert mark(TEXT, "services", "web", "ports", 0) == mark(TEXT, "services", "web", "ports", 1)


def test_without_a_path_the_words_count_but_not_their_line_numbers() -> None:
    one = Finding("the key a stands twice: first at line 3", rule="r")
    other = Finding("the key a stands twice: first at line 9", rule="r")
    assert fingerprint(one, Path()) == fingerprint(other, Path())
    assert fingerprint(one, Path()) != fingerprint(Finding("the key b", rule="r"), Path())


def test_only_new_findings_are_left_and_what_is_gone_is_told() -> None:
    model = load(TEXT)
    old = [found(model, "a", *IMAGE), found(model, "b", "services", "web")]
    write_baseline(Path("b.json"), old)
    new = [found(model, "a", *IMAGE), found(model, "c", "services", "web")]
    left, known, stale = apply_baseline(new, load_baseline(Path("b.json")), {"web"})
    assert [finding.rule for finding in left] == ["c"]
    assert [finding.rule for finding in known] == ["a"]
    (line,) = stale
    assert line.startswith("compose.yaml: services.web: b is in the baseline and is not found any more")


def test_a_second_finding_like_a_known_one_is_new() -> None:
    model = load(TEXT)
    finding = found(model, "a", *IMAGE)
    write_baseline(Path("b.json"), [finding])
    left, known, _ = apply_baseline([finding, finding], load_baseline(Path("b.json")), {"web"})
    assert (len(left), len(known)) == (1, 1)


def test_some_rules_are_neither_written_nor_known() -> None:
    model = load(TEXT)
    finding = found(model, "unseen", *IMAGE)
    loud = frozenset({"unseen"})
    assert write_baseline(Path("b.json"), [finding], except_rules=loud).entries == ()
    write_baseline(Path("b.json"), [finding])
    left, known, _ = apply_baseline([finding], load_baseline(Path("b.json")), {"web"}, except_rules=loud)
    assert left == [finding]
    assert known == ()


def test_the_file_is_sorted_and_the_same_wherever_it_is_written_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(TEXT)
    findings = [found(model, "b", *IMAGE), found(model, "a", *IMAGE)]
    write_baseline(Path("b.json"), findings)
    first = Path("b.json").read_bytes()
    assert [row["rule"] for row in json.loads(first)["findings"]] == ["a", "b"]
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    again = load_model([tmp_path / "compose.yaml"], variables={})
    findings = [found(again, "a", *IMAGE), found(again, "b", *IMAGE)]
    write_baseline(tmp_path / "b.json", findings)
    assert (tmp_path / "b.json").read_bytes() == first


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "x", "findings": []}', '{"findings": [1]}', "\xff"]
)
def test_what_is_no_baseline_is_the_caller_s_mistake(text: str) -> None:
    Path("b.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError):
        load_baseline(Path("b.json"))
    with pytest.raises(InputError):
        load_baseline(Path("none.json"))


def test_an_empty_baseline_knows_nothing() -> None:
    model = load(TEXT)
    finding = found(model, "a", *IMAGE)
    assert apply_baseline([finding], Baseline(Path("b.json")), {"web"}) == ([finding], (), ())


SECRETS = """\
services:
  web:
    image: shop/web:${TAG:-1}
    environment: {PASSWORD: LITERAL, URL: "http://u:LITERAL@x"}
    env_file: secret.env
    command: [run, --password, LITERAL]
    healthcheck: {test: [CMD, ask, LITERAL]}
    build: {context: ., args: {TOKEN: LITERAL}}
    logging: {driver: gelf, options: {token: LITERAL}}
    volumes: [./conf:/etc/conf]
"""


def test_a_fingerprint_is_the_same_in_another_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marks = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        model = load(SECRETS)
        finding = found(model, "r", "services", "web", "volumes", 0)
        words = Finding(f"{tmp_path / name}/compose.yaml can't be read", rule="r")
        marks.append([fingerprint(one, Path.cwd()) for one in (finding, words)])
    assert marks[0] == marks[1]


def test_each_baseline_has_a_salt_of_its_own_and_keeps_it() -> None:
    model = load(TEXT)
    finding = found(model, "a", *IMAGE)
    one, two = (write_baseline(Path(name), [finding]) for name in "ab")
    assert len(one.salt) == 32
    assert one.salt != two.salt
    assert one.entries[0].fingerprint != two.entries[0].fingerprint
    assert write_baseline(Path("a"), [finding]) == one
    assert apply_baseline([finding], load_baseline(Path("a")), {"web"})[0] == []


GROWN = """\
services:
  web:
    image: shop/web:1.0
    privileged: true
    environment: {DB_PASSWORD: "${GIVEN}"}
    ports: ["8080:80"]
  db:
    image: postgres:17.4
    volumes: [data:/var/lib/postgresql/data]
volumes: {data: {}}
"""


def judged(text: str, **variables: str) -> Verdict:
    file = Path("compose.yaml")
    file.write_text(text)
    baseline = load_baseline(Path("b.json")) if Path("b.json").exists() else None
    scopes = file_scopes([file], variables)
    return judge(Request(scopes=scopes, policy=make_policy(), ask=False, baseline=baseline))


CHANGES: dict[str, Callable[[str], str]] = {
    "nothing": lambda text: text,
    "moved lines": lambda text: f"# more\n\n{text}",
    "a newer image": lambda text: text.replace("17.4", "17.5").replace("shop/web:1.0", "shop/web:1.1"),
    "another registry": lambda text: text.replace("shop/web", "ghcr.io/shop/web"),
    "another secret": lambda text: text.replace("${GIVEN}", "${OTHER}"),
    "another port": lambda text: text.replace("8080:80", "8081:80"),
    "a service of another name": lambda text: text.replace("  web:", "  site:"),
    "all of another name": lambda text: text.replace("  web:", "  site:").replace("  db:", "  database:"),
    "another order": lambda text: text.replace("    privileged: true\n", "").replace(
        "    image: shop", "    privileged: true\n    image: shop"
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_baseline_holds_when_nothing_new_is_wrong(change: str) -> None:
    known = judged(GROWN, GIVEN="one").findings
    assert len(known) > 10
    write_baseline(Path("b.json"), known)
    after = judged(CHANGES[change](GROWN), GIVEN="two", OTHER="three")
    assert [str(finding) for finding in after.findings] == []
    assert after.stale == ()


def test_the_baseline_holds_in_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_baseline(Path("b.json"), judged(GROWN).findings)
    (tmp_path / "elsewhere").mkdir()
    Path("b.json").rename(tmp_path / "elsewhere/b.json")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert judged(GROWN).findings == ()


def test_what_is_new_in_a_renamed_service_is_new() -> None:
    write_baseline(Path("b.json"), judged(GROWN).findings)
    after = judged(
        GROWN.replace("  web:", "  site:").replace("privileged: true", "privileged: true\n    pid: host")
    )
    assert [finding.rule for finding in after.findings] == ["host-namespace"]


def test_another_service_is_no_renamed_one_while_the_first_is_there() -> None:
    write_baseline(Path("b.json"), judged(GROWN).findings)
    more = GROWN.replace("  db:", "  copy:\n    image: shop/web:1.0\n    privileged: true\n  db:")
    assert "privileged" in {finding.rule for finding in judged(more).findings}


MOUNT = """\
name: shop
services:
  web:
    image: shop/web:1.0
    volumes: ["{}:/data"]
    ports: ["{}:80"]
"""


def new_after(before: str, after: str, **variables: str) -> list[str]:
    """The rules of what is new in a file since the baseline of it as it was."""
    Path("b.json").unlink(missing_ok=True)
    write_baseline(Path("b.json"), judged(before).findings)
    return [finding.rule for finding in judged(after, **variables).findings]


def test_a_graver_value_at_a_known_place_is_new() -> None:
    """A folder for data is known; the same mount gives all of the host's own folder now."""
    light, grave = MOUNT.format("/srv/data", 8080), MOUNT.format("/shared/everything", 8080)
    assert new_after(light, grave) == ["bind-mount"]
    assert new_after(grave, light) == []
    assert new_after(grave, grave.replace("everything", "all")) == []
    assert new_after(light, light.replace("/srv/data", "/srv/more")) == []


def test_of_several_at_one_place_the_grave_one_takes_no_light_one_s_part() -> None:
    both = MOUNT.format('/srv/data:/a", "/shared/one', 8080)
    assert new_after(both, both) == []
    assert new_after(both, both.replace("/srv/data", "/shared/two")) == ["bind-mount"]
    assert new_after(both.replace("/srv/data", "/shared/two"), both) == []


def test_a_graver_value_of_a_renamed_service_is_new() -> None:
    light, grave = MOUNT.format("/srv/data", 8080), MOUNT.format("/shared/everything", 8080)
    assert new_after(light, grave.replace("  web:", "  site:")) == ["bind-mount"]
    assert new_after(light, light.replace("  web:", "  site:")) == []


def test_the_value_of_a_variable_is_another_machine_s_and_makes_nothing_new() -> None:
    for text in (
        MOUNT.format("${DATA:-/srv/data}", 8080),
        MOUNT.format("/srv/data", 8080).replace(
            '"/srv/data:/data"', "{type: bind, source: '${DATA:-/srv/data}', target: /data}"
        ),
    ):
        assert new_after(text, text, DATA="/shared/everything") == []


def test_a_baseline_without_ranks_holds_for_all_and_gets_them_when_it_is_written_again() -> None:
    light, grave = MOUNT.format("/srv/data", 8080), MOUNT.format("/shared/everything", 8080)
    write_baseline(Path("b.json"), judged(grave).findings)
    document = json.loads(Path("b.json").read_text())
    for row in document["findings"]:
        row.pop("rank", None)
    Path("b.json").write_text(json.dumps({**document, "schema": "fairlead.baseline/v2"}))
    assert judged(grave).findings == ()
    Path("b.json").unlink()
    write_baseline(Path("b.json"), judged(grave).findings)
    written = json.loads(Path("b.json").read_text())
    assert written["schema"] == "fairlead.baseline/v3"
    assert [row["rank"] for row in written["findings"] if "rank" in row] == [2]
    new_after(light, light)
    assert '"rank"' not in Path("b.json").read_text()


def test_a_rule_that_an_upgrade_ranks_higher_makes_nothing_new(monkeypatch: pytest.MonkeyPatch) -> None:
    from fairlead.judge.policy.grades import GRADES

    text = MOUNT.format("/srv/data", 8080)
    write_baseline(Path("b.json"), judged(text).findings)
    for rule, grade in GRADES.items():
        monkeypatch.setitem(GRADES, rule, f"{grade[:-1]}2")
    assert judged(text).findings == ()


def test_what_was_mended_is_told_and_fails_nothing() -> None:
    write_baseline(Path("b.json"), judged(GROWN).findings)
    after = judged(GROWN.replace("    privileged: true\n", ""))
    assert after.passed
    (line,) = after.stale
    assert line.startswith("compose.yaml: services.web.privileged: privileged is in the baseline")


def test_a_baseline_has_nothing_of_a_value() -> None:
    write_baseline(Path("b.json"), judged(GROWN.replace("${GIVEN}", "hunter2-c4n4ry")).findings)
    assert "c4n4ry" not in Path("b.json").read_text()
