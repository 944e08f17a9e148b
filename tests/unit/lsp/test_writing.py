"""What is offered and told while somebody writes: at every place of every half-written file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygls.workspace import PositionCodec

from fairlead.lsp.completion import completions
from fairlead.lsp.cursor import cursors
from fairlead.lsp.forms import compose_forms, keys_of, settings_forms
from fairlead.lsp.hover import hover, key_text
from fairlead.lsp.places import Text
from fairlead.schemas import load_schema
from fairlead.schemas.compose_spec import load_compose_schema
from fairlead.yaml_nodes import MAX_DEPTH

FILE = """\
name: shop
x-fairlead: {waive: {unknown-registry: {reason: "ours"}}}
services:
  web:
    image: nginx:1.29
    restart: "no"
    networks: {front: {aliases: [w]}}
    depends_on:
      db: {condition: service_healthy}
    volumes:
      - data:/var/lib
      - {type: volume, source: data, target: /x}
    x-fairlead:
      role: app
  db: {image: "postgres:17", secrets: [key]}
networks: {front: , back: }
volumes: {data: , more: }
secrets: {key: {file: k}}
"""


def offered(text: str, *, is_settings: bool = False) -> dict[str, str]:
    """The words for where ``|`` stands, and what each makes of the text."""
    before, _, after = text.partition("|")
    whole = Text(before + after, PositionCodec())
    items = completions(whole, len(before), names=lambda _kind: (), is_settings=is_settings)
    made = {}
    for item in items:
        edit = item.text_edit
        assert edit is not None
        start = whole.offset_of(edit.range.start)  # type: ignore[union-attr]
        made[item.label] = before[:start] + edit.new_text + after
    return made


@pytest.mark.parametrize(
    ("there", "word", "made"),
    [
        ("    restart: |", "on-failure", "    restart: on-failure"),
        ("    restart: o|", "on-failure", "    restart: on-failure"),
        ("    restart: |", '"no"', '    restart: "no"'),
        ("    restart:\n      |", "always", "    restart:\n      always"),
        ("    init: |", "true", "    init: true"),
        ("    heal|", "healthcheck", "    healthcheck: "),
        ("    healthcheck:\n      sta|", "start_period", "    healthcheck:\n      start_period: "),
        ("    healthcheck: {int|", "interval", "    healthcheck: {interval: "),
        ("    healthcheck: {test: x, int|}", "interval", "    healthcheck: {test: x, interval: }"),
        ("    depends_on: {db: {condition: |}}", "service_healthy", "    depends_on: {db: {condition: service_healthy}}"),
        ("    depends_on: [|]", "db", "    depends_on: [db]"),
        ("    depends_on:\n      - d|", "db", "    depends_on:\n      - db"),
        ("    depends_on:\n      |", "db", "    depends_on:\n      db: "),
        ("    extends: |", "db", "    extends: db"),
        ("    extends: {service: |}", "db", "    extends: {service: db}"),
        ("    links: [|]", "db", "    links: [db]"),
        ("    network_mode: |", "host", "    network_mode: host"),
        ("    network_mode: |", "service:db", "    network_mode: service:db"),
        ("    networks: [front, |]", "back", "    networks: [front, back]"),
        ("    networks:\n      |", "back", "    networks:\n      back: "),
        ("    volumes:\n      - |", "data", "    volumes:\n      - data"),
        ("    volumes:\n      - type: volume\n        source: |", "more", "    volumes:\n      - type: volume\n        source: more"),
        ("    volumes:\n      - ty|", "type", "    volumes:\n      - type: "),
        ("    secrets: [|]", "key", "    secrets: [key]"),
        ("    secrets:\n      - source: |", "key", "    secrets:\n      - source: key"),
        ("    build: {secrets: [|]}", "key", "    build: {secrets: [key]}"),
        ("    x-|", "x-fairlead", "    x-fairlead: "),
        ("    x-fairlead: {role: |}", "state", "    x-fairlead: {role: state}"),
        ("    x-fairlead:\n      waive:\n        eng|", "engine-socket", "    x-fairlead:\n      waive:\n        engine-socket: "),
    ],
)  # fmt: skip
def test_what_may_stand_there(there: str, word: str, made: str) -> None:
    """In the midst of a file whose rest is whole."""
    head, tail = FILE.partition("    restart")[0], FILE[FILE.index("\n  db: {image") :]
    found = offered(f"{head}{there}{tail}")
    assert word in found
    assert found[word] == f"{head}{made}{tail}"


def test_what_is_there_already_is_not_offered() -> None:
    found = offered(FILE.replace("    restart", "    |\n    restart"))
    assert "init" in found
    assert not {"image", "restart", "networks", "x-fairlead"} & set(found)
    assert "front" not in offered(FILE.replace("{front: {", "{|, front: {"))
    written = "    depends_on:\n      db: {condition: service_healthy}"
    assert set(offered(FILE.replace(written, "    depends_on: [|]"))) == {"db"}
    assert set(offered(FILE.replace(written, "    depends_on: [db, |]"))) == set()


def test_keys_of_fairlead_yaml_are_offered() -> None:
    assert "environments" in offered("app: shop\n|", is_settings=True)
    assert "hosts" in offered("app: shop\nenvironments:\n  production:\n    |", is_settings=True)
    assert "engine-socket" in offered("validate:\n  severity:\n    |", is_settings=True)
    assert "off" in offered("validate:\n  severity:\n    no-init: |", is_settings=True)
    assert "x-fairlead" not in offered("|", is_settings=True)


@pytest.mark.parametrize("quiet", ["    # res|", '    image: "re|', "    command: >\n      re|"])
def test_nothing_is_offered_within_texts_and_comments(quiet: str) -> None:
    assert offered(f"services:\n  web:\n{quiet}") == {}


@given(
    cut=st.integers(0, len(FILE)),
    put=st.sampled_from(["", "{", '"', "\t", "&a ", "*a", "\0", "- ", ": ", "!!x ", "🚀"]),
)
def test_no_half_written_file_is_too_much(cut: int, put: str) -> None:
    """Cut off anywhere, with anything behind it: there is an answer."""
    for text in (FILE[:cut] + put, FILE[:cut] + put + FILE[cut:]):
        whole = Text(text, PositionCodec())
        for offset in {cut, min(cut + len(put), len(text))}:
            completions(whole, offset, names=lambda _kind: ("other",))
            completions(whole, offset, names=lambda _kind: (), is_settings=True)
            hover(whole, offset, ())


@pytest.mark.parametrize("opening", ["[", "{", "{a: ", "- ", "? "])
def test_no_depth_is_too_much(opening: str) -> None:
    """No deeper than a document is read: what is not is not followed either, however deep."""
    deepest = opening * MAX_DEPTH
    assert list(cursors(Text(deepest, PositionCodec()), len(deepest)))
    for depth in (MAX_DEPTH + 1, 4 * MAX_DEPTH):
        text = Text(opening * depth, PositionCodec())
        assert list(cursors(text, len(text.text))) == []
        assert completions(text, len(text.text), names=lambda _kind: ()) == []
        hover(text, len(text.text), ())


def test_every_key_of_the_schemas_is_found_by_its_path() -> None:
    """Those of a service and those of fairlead.yaml, with the words of the schema."""
    services = keys_of(compose_forms(("services", "web")), ("services", "web"))
    assert set(services) >= {
        "image",
        "healthcheck",
        "x-fairlead",
        *load_compose_schema()["$defs"]["service"]["properties"],
    }
    settings = load_schema("fairlead")["properties"]
    assert set(keys_of(settings_forms(()), ("",))) == set(settings)
    for key, part in settings.items():
        assert part.get("description", "") in key_text((key,), is_settings=True)
    for key, part in load_schema("x-fairlead")["properties"].items():
        assert part.get("description", "") in key_text(("services", "web", "x-fairlead", key))
