"""The loader against the docker-compose of this machine: value for value, but for the differences that are told.

``loader_cases.py`` holds every attribute in every form; a file of each form is laid over a file of each.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from fairlead import process
from fairlead.app.layout import lay_out
from fairlead.app.load import build_app
from fairlead.app.split import Pin, split
from fairlead.composefile.loader import Model, load_model
from fairlead.composefile.loader.differences import DIFFERENCES
from fairlead.positions import parse_yaml
from fairlead.quick.records import replace
from fairlead.settings.load import load_settings
from fairlead.tools.locate import locate
from tests.integration.compose.loader_cases import EXTERNAL, FILES, FORMS, RESOURCES, TOP, VARIABLES
from tests.unit.app import foreign

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/home/somebody"}
Pair = tuple[str, str | None]


def ask(files: Sequence[Path], variables: Mapping[str, str]) -> Any:
    """The model that docker-compose prints, or None where it refuses the files."""
    named = [word for file in files for word in ("--file", str(file))]
    argv = (str(locate("compose")), "--project-name", "p", *named, "--profile", "*", "config")
    environment = {**ENVIRONMENT, **variables}
    done = process.run(argv, env=environment, inherit=False, cwd=files[0].parent, check=False)
    return parse_yaml(done.stdout).value if done.ok else None


def load(files: Sequence[Path], variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.setenv("HOME", ENVIRONMENT["HOME"])
    return load_model(files, variables={**ENVIRONMENT, **variables}, name="p")


def differences(theirs: Any, ours: Any, path: tuple[str | int, ...] = ()) -> Iterator[str]:
    """Where two models differ, in words; what ``DIFFERENCES`` explains is left out."""
    if _comparable(theirs, path) == _comparable(ours, path):
        return
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in theirs.keys() | ours.keys():
            if key in theirs and key in ours:
                yield from differences(theirs[key], ours[key], (*path, key))
            elif not _is_explained((*path, key)):
                yield f"{'.'.join(map(str, (*path, key)))}: only in {'ours' if key in ours else 'theirs'}"
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for number, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            yield from differences(one, other, (*path, number))
    elif not _is_explained(path):
        yield f"{'.'.join(map(str, path))}: {theirs!r} of Compose is {ours!r}"


def _is_explained(path: tuple[str | int, ...]) -> bool:
    return any(difference.explains(path) for difference in DIFFERENCES)


def _comparable(value: Any, path: tuple[str | int, ...]) -> Any:
    if path[-1:] == ("ssh",) and isinstance(value, list):
        # Compose prints them in another order each time.
        return sorted(value)
    return [type(value) is bool, value] if not isinstance(value, (dict, list)) else value


def service_files(root: Path, attribute: str, pairs: Sequence[Pair]) -> list[Path]:
    """A file with a service for each pair, and one over it."""
    base = ["services:", "  d: {image: x}", "  e: {image: x}"]
    image = "" if attribute == "image" else "image: x, "
    base += [f"  n{number}: {{{image}{attribute}: {first}}}" for number, (first, _) in enumerate(pairs)]
    over = [
        f"  n{number}: {{{attribute}: {second}}}"
        for number, (_, second) in enumerate(pairs)
        if second is not None
    ]
    return _write(root, "\n".join(base) + TOP, "\n".join(["services:", *over]) if over else "")


def resource_files(root: Path, kind: str, pairs: Sequence[Pair]) -> list[Path]:
    names = [f"n{number}" for number in range(len(pairs))]
    used = ", ".join(f"{name}:/{name}" if kind == "volumes" else name for name in names)
    base = [f"services: {{x: {{image: x, {kind}: [{used}]}}}}", f"{kind}:"]
    base += [f"  {name}: {first}" for name, (first, _) in zip(names, pairs, strict=True)]
    over = [
        f"  {name}: {second}" for name, (_, second) in zip(names, pairs, strict=True) if second is not None
    ]
    return _write(root, "\n".join(base), "\n".join([f"{kind}:", *over]) if over else "")


def _write(root: Path, base: str, over: str) -> list[Path]:
    for name, text in FILES.items():
        (root / name).write_text(text)
    files = [root / "base.yaml"]
    files[0].write_text(base)
    if over:
        files.append(root / "over.yaml")
        files[1].write_text(over)
    return files


def forms_of(forms: Sequence[str]) -> list[Pair]:
    """Each form alone, and each over each."""
    return [*((form, None) for form in forms), *itertools.product(forms, forms)]


def assert_agreement(
    make: Any, name: str, pairs: Sequence[Pair], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All pairs in one go; where Compose refuses one of them, each half on its own."""
    files = make(root, name, pairs)
    theirs = ask(files, VARIABLES)
    if theirs is None:
        half = len(pairs) // 2
        for part in (pairs[:half], pairs[half:]) if half else ():
            assert_agreement(make, name, part, root, monkeypatch)
        return
    ours = load(files, VARIABLES, monkeypatch)
    assert list(differences(theirs, ours.value)) == []
    assert [str(fault) for fault in ours.faults if not any(one.is_fault(fault) for one in DIFFERENCES)] == []


@pytest.mark.parametrize("attribute", FORMS)
def test_each_form_of_an_attribute_and_each_over_each(
    attribute: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_agreement(service_files, attribute, forms_of(FORMS[attribute]), tmp_path, monkeypatch)


@pytest.mark.parametrize("kind", RESOURCES)
def test_each_form_of_a_resource_and_each_over_each(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [*((form, None) for form in EXTERNAL), *forms_of(RESOURCES[kind])]
    assert_agreement(resource_files, kind, pairs, tmp_path, monkeypatch)


@pytest.mark.parametrize("name", foreign.names())
def test_what_was_recorded_is_what_compose_prints_here(name: str) -> None:
    settings = foreign.settings_of(name)
    text = foreign.ask_compose(settings.compose, settings.app, foreign.variables_of(settings))
    assert list(differences(parse_yaml(text).value, foreign.printed(name))) == []


@pytest.mark.parametrize("extra", ["", "compose.dev.yaml", "compose.test.yaml", "compose.ca.yaml"])
def test_our_own_stack(extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"FAIRLEAD_REGISTRY": "r.io/x", "FAIRLEAD_TAG": "sha-1", "SITE_HOST": "board.example"}
    files = [ROOT / "compose" / name for name in ("compose.yaml", extra) if name]
    theirs = ask(files, variables)
    assert theirs is not None
    ours = load(files, variables, monkeypatch)
    assert ours.faults == ()
    assert list(differences(theirs, ours.value)) == []


def test_the_release_of_our_own_stack_is_the_one_that_the_model_of_compose_gives() -> None:
    settings = load_settings(ROOT / "fairlead.yaml", {})
    registry = settings.registry or "registry.invalid/app"
    for environment in settings.environments.values():
        told = {
            "FAIRLEAD_REGISTRY": registry,
            "FAIRLEAD_TAG": f"sha-{foreign.REVISION}",
            "FAIRLEAD_REVISION": foreign.REVISION,
        }
        variables = {**environment.variables, **told}
        model = load_model(settings.compose, variables=variables, name=settings.app)
        printed = parse_yaml(foreign.ask_compose(settings.compose, settings.app, variables)).value
        documents = []
        for one in (model, replace(model, value=printed)):
            app = build_app(settings, environment, one, registry=registry, revision=foreign.REVISION)
            own = {image: Pin(f"{registry}/{image}", f"sha256:{'1' * 64}") for image in settings.images}
            foreign_images = {name: name for name in app.foreign_references()}
            documents.append(split(lay_out(app), own=own, foreign=foreign_images).document())
        assert documents[0] == documents[1]


INCLUDED = {
    "compose.yaml": """
include:
  - sub/compose.yaml
  - {path: [sub/two.yaml, sub/two.over.yaml], env_file: sub/x.env, project_directory: sub/deep}
services:
  web:
    extends: {file: sub/base.yaml, service: base}
    image: nginx:${V:-1}
    ports: ["81:81"]
    volumes: ["./here:/here"]
    environment: [A=2]
    command: !reset null
  other: {extends: web, ports: !override ["99:99"], labels: !reset []}
  files:
    image: x
    env_file: [a.env, {path: none.env, required: false}]
    environment: {ZZ: own}
""",
    "over.yaml": """
services:
  web: {ports: !override ["1:1"], environment: !reset {}, build: !reset null}
  inc: {labels: {a: b}}
---
services: {web: {labels: {second: document}}}
""",
    "sub/compose.yaml": """
services:
  inc: {image: "inc:${IV}", build: {context: ./b}, volumes: ["./d:/d", "v:/v"], environment: [IV, QQ]}
volumes: {v: {driver: local, driver_opts: {o: bind, device: ./dev}}}
""",
    "sub/.env": "IV=sub\n",
    "sub/two.yaml": 'services: {two: {image: "two:${T}", volumes: ["./q:/q"], secrets: [s1]}}\nsecrets: {s1: {file: ./f}}\n',
    "sub/two.over.yaml": 'services: {two: {labels: {a: "1"}}}\n',
    "sub/x.env": "T=tt\n",
    "sub/base.yaml": """
services:
  base:
    extends: {file: deep/root.yaml, service: root}
    image: base
    build: {dockerfile: Df}
    ports: ["80:80"]
    volumes: ["./rel:/rel"]
    environment: {A: 1, B: x}
    labels: [q=1]
    command: run
""",
    "sub/deep/root.yaml": """
services:
  root: {image: root, volumes: ["./dv:/dv"], env_file: ./r.env, cap_add: [X], healthcheck: {test: "x"}}
""",
    "sub/deep/r.env": "RV=1\nA=file\n",
    "a.env": 'Z=file\nY="a b"\nexport X=${Z}-$Y # c\nW=\'lit $Z\'\nV\nT="a\\tb\\n\\$Z \\"q\\""\nL="one\ntwo"\nK: v\n',
}


@pytest.mark.parametrize("count", [1, 2])
def test_includes_extends_resets_and_files_of_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    for name, text in INCLUDED.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    files = [tmp_path / name for name in ("compose.yaml", "over.yaml")][:count]
    theirs = ask(files, VARIABLES)
    assert theirs is not None
    ours = load(files, VARIABLES, monkeypatch)
    # A warning it has: Compose says no word of `V`, which sets nothing.
    assert [(one.rule, one.severity) for one in ours.faults] == [("env-file", "warning")]
    assert list(differences(theirs, ours.value)) == []
