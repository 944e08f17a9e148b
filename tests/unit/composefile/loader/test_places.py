"""Where each value of the model is written, and whether it can be changed there."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.composefile.loader import Model, load_model

BASE = """\
x-log: &log {driver: local}
x-hard: &hard
  init: true
services:
  web:
    <<: *hard
    image: nginx:${TAG:-1}
    logging: *log
    environment: [A=1, "B=two"]
    ports:
      - "8000-8001:80-81"
      - target: 99
    volumes: ["./a:/b:ro"]
    command: run it
    env_file: web.env
  worker:
    extends: {service: web}
    ports: !reset []
    user: "1"
  own:
    extends: {file: other.yaml, service: base}
include: [inner.yaml]
"""
OVER = """\
services:
  web:
    environment: {A: 2, C: three}
    restart: always
    ports: ["1:1"]
"""
FILES = {
    "base.yaml": BASE,
    "over.yaml": OVER,
    "other.yaml": "services:\n  base:\n    image: other\n    cap_drop: [ALL]\n",
    "inner.yaml": "services:\n  inner: {image: inner}\nvolumes: {v: {}}\n",
    "web.env": "# what\nD=four\n",
}
Path_ = tuple[str | int, ...]


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    loaded = load_model([tmp_path / "base.yaml", tmp_path / "over.yaml"], variables={}, name="p")
    assert loaded.faults == ()
    return loaded


@pytest.mark.parametrize(
    ("path", "key", "place"),
    [
        (("services", "web", "image"), False, "base.yaml:7:12"),
        (("services", "web", "image"), True, "base.yaml:7:5"),
        (("services", "web", "init"), False, "base.yaml:3:9"),
        (("services", "web", "logging", "driver"), False, "base.yaml:1:22"),
        (("services", "web", "restart"), True, "over.yaml:4:5"),
        (("services", "web", "environment", "A"), False, "over.yaml:3:22"),
        (("services", "web", "environment", "A"), True, "over.yaml:3:19"),
        (("services", "web", "environment", "B"), False, "base.yaml:9:24"),
        (("services", "web", "environment", "D"), False, "web.env:2:1"),
        (("services", "web", "ports", 0, "target"), False, "base.yaml:11:9"),
        (("services", "web", "ports", 1, "published"), False, "base.yaml:11:9"),
        (("services", "web", "ports", 2, "target"), False, "base.yaml:12:17"),
        (("services", "web", "ports", 2, "protocol"), False, "base.yaml:12:9"),
        (("services", "web", "ports", 3), False, "over.yaml:5:13"),
        (("services", "web", "volumes", 0, "source"), False, "base.yaml:13:15"),
        (("services", "web", "command", 1), False, "base.yaml:14:14"),
        (("services", "web", "nothing", "deeper"), False, "over.yaml:2:3"),
        (("services", "worker", "image"), False, "base.yaml:7:12"),
        (("services", "worker", "user"), False, "base.yaml:19:11"),
        (("services", "own", "cap_drop", 0), False, "other.yaml:4:16"),
        (("services", "inner", "image"), False, "inner.yaml:2:18"),
        (("volumes", "v"), True, "inner.yaml:3:11"),
        ((), False, "over.yaml:1:1"),
    ],
)
def test_each_value_stands_where_it_is_written(model: Model, path: Path_, key: bool, place: str) -> None:
    assert str(model.location(path, key=key)) == place


@pytest.mark.parametrize(
    ("path", "place", "shared"),
    [
        (("services", "web", "restart"), ("over.yaml", ("services", "web", "restart")), False),
        (("services", "web", "command"), ("base.yaml", ("services", "web", "command")), False),
        # Part of a text, behind a variable, an anchor, a merge key, an extended service.
        (("services", "web", "volumes", 0, "source"), ("base.yaml", ("services", "web", "volumes", 0)), True),
        (("services", "web", "image"), ("base.yaml", ("services", "web", "image")), True),
        (("services", "web", "logging", "driver"), ("base.yaml", ("x-log", "driver")), True),
        (("services", "web", "init"), ("base.yaml", ("x-hard", "init")), True),
        (("services", "worker", "command"), ("base.yaml", ("services", "web", "command")), True),
        (("services", "worker", "user"), ("base.yaml", ("services", "worker", "user")), False),
        (("services", "own", "image"), ("other.yaml", ("services", "base", "image")), True),
    ],
)
def test_what_is_written_once_can_be_changed_there(
    model: Model, path: Path_, place: tuple[str, Path_], shared: bool
) -> None:
    written = model.written(path)
    assert written is not None
    assert (written.document.path, written.path, written.shared) == (*place, shared)


def test_what_nobody_wrote_is_written_nowhere(model: Model) -> None:
    assert model.written(("services", "web", "environment", "D")) is None
    assert model.written(("services", "web", "none")) is None


def test_the_written_text_is_kept(model: Model) -> None:
    node = model.node(("services", "web", "image"))
    assert node is not None
    assert (node.text, node.plain) == ("nginx:${TAG:-1}", True)


def test_every_document_is_there_as_written_and_as_compose_checks_it(model: Model) -> None:
    assert [document.path for document in model.documents] == [
        *("base.yaml", "inner.yaml", "other.yaml", "over.yaml")
    ]
    assert [document.path for document in model.read] == [document.path for document in model.documents]
    assert "ports" in model.documents[0].value["services"]["worker"]
    assert "ports" not in model.read[0].value["services"]["worker"]
    assert model.read[0].value["services"]["web"]["image"] == "nginx:1"


def test_every_use_of_a_variable_is_told(model: Model) -> None:
    (use,) = model.uses
    assert (use.name, use.operator, use.default, use.is_set) == ("TAG", ":-", "1", False)
    assert (use.path, str(use.location)) == (("services", "web", "image"), "base.yaml:7:12")


def test_what_no_service_uses_is_declared_only(model: Model) -> None:
    assert "volumes" not in model.value
    assert model.declared["volumes"] == {"v": {"name": "p_v"}}
