"""``fairlead lsp`` as an editor meets it: a process that is spoken to, and says what ``fairlead validate`` says."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from tests.editor import Editor, applied
from tests.patience import PATIENCE

FAIRLEAD = [sys.executable, "-m", "fairlead", "validate"]
SEVERITIES = {"error": 1, "warning": 2, "note": 3}
APP = {
    "compose.yaml": """\
name: shop
include: [db.yaml]
services:
  web:
    extends: {file: base.yml, service: base}
    image: nginx:1.29
    env_file: [web.env]
    privileged: true
    depends_on: [db, cache]
    volumes: [/var/run/docker.sock:/s]
""",
    "compose.override.yaml": "services:\n  web:\n    restart: sometimes\n    mem_limit: 12x\n",
    "db.yaml": "services:\n  db:\n    image: postgres:17\n    environment: {POSTGRES_PASSWORD: hunter2hunter2}\nvolumes:\n  data:\n",
    "base.yml": "services:\n  base:\n    cap_add: [SYS_ADMIN]\n",
    "web.env": "GREETING=$NOWHERE-x\n\nBROKEN='x\n",
    ".env": "TAG=1\n",
}
DEPLOYED = {
    "fairlead.yaml": """\
app: shop
compose: [compose.yaml]
environments:
  production: {hosts: [deploy@app.example.com], url: https://shop.example.com, variables: {TAG: "1.29"}}
""",
    "compose.yaml": "services:\n  web:\n    image: nginx:${TAG:?}\n    ports: ['80:80']\n    x-fairlead: {roll: app}\n",
}
WRONG = {**DEPLOYED, "fairlead.yaml": DEPLOYED["fairlead.yaml"].replace("url:", "uri:")}
FOLDERS = {"app": APP, "deployed": DEPLOYED, "wrong": WRONG}


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of this process without Fairlead's, and a cache of the module's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
    return {**kept, "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache"))}


@pytest.fixture(scope="module")
def editor(environ: dict[str, str]) -> Iterator[Editor]:
    """One server for all tests of the module, which is alive and has said nothing of a fault at the end."""
    editor = Editor(environ)
    yield editor
    editor.stop()
    assert editor.log == []


def laid(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def told_by_the_command(folder: Path, environ: dict[str, str]) -> set[tuple[Any, ...]]:
    """Every finding: file, line, column, severity, rule, and its words with what to do."""
    done = subprocess.run(
        [*FAIRLEAD, "--json"],
        cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    return {
        (
            one["file"] if "file" in one else one["path"],
            one["line"],
            one["column"],
            SEVERITIES[one.get("severity", "error")],
            one["rule"],
            one["what"] + (f"\n{one['fix']}" if one.get("fix") else ""),
        )
        for one in json.loads(done.stdout)["findings"]
    }


@pytest.mark.parametrize("name", FOLDERS)
def test_it_says_what_the_command_says(
    name: str, tmp_path: Path, editor: Editor, environ: dict[str, str]
) -> None:
    """Each finding of each file, at its place, as grave and in the same words; hardening that the text folds is a hint."""
    folder = laid(tmp_path, FOLDERS[name])
    editor.open(folder / "compose.yaml")
    files = {path.name: editor.known(path) for path in folder.iterdir()}
    said = {
        (file, one.range.start.line + 1, one.range.start.character + 1,
         2 if one.severity == types.DiagnosticSeverity.Hint else one.severity, one.code, one.message)
        for file, told in files.items() for one in told
    }  # fmt: skip
    expected = told_by_the_command(folder, environ)
    assert said == expected
    assert len({file for file, *_ in expected}) >= (4 if name == "app" else 1)
    editor.close(folder / "compose.yaml")


def test_what_is_not_saved_counts_in_every_file(tmp_path: Path, editor: Editor) -> None:
    """A compose file, one that it includes, its variables: the text of the editor, until it is closed."""
    folder = laid(tmp_path, APP)
    main, included, variables = folder / "compose.yaml", folder / "db.yaml", folder / "web.env"
    assert "privileged" in {one.code for one in editor.open(main)}
    assert "privileged" not in {
        one.code for one in editor.change(main, APP["compose.yaml"].replace("privileged: true", "init: true"))
    }
    assert "privileged" in {one.code for one in editor.change(main, APP["compose.yaml"])}
    editor.open(included)
    editor.change(included, APP["db.yaml"].replace("image: postgres:17", "imagee: postgres:17"))
    assert any("imagee" in one.message for one in editor.known(included))
    editor.close(included)
    assert not any("imagee" in one.message for one in editor.known(included))
    assert any("quote" in one.message for one in editor.known(variables))
    editor.open(variables, language="dotenv")
    assert editor.change(variables, "GREETING=hello\n") == []
    editor.close(variables)
    assert any("quote" in one.message for one in editor.known(variables))
    editor.close(main)
    assert [path for path in folder.iterdir() if editor.known(path)] == []


def test_a_file_that_is_not_saved_yet_is_judged(tmp_path: Path, editor: Editor) -> None:
    path = tmp_path / "compose.yaml"
    told = editor.open(path, "services:\n  web:\n    image: nginx\n    privileged: true\n")
    assert ("privileged", 3, 16) in {
        (one.code, one.range.start.line, one.range.start.character) for one in told
    }
    editor.close(path)


def test_a_folder_that_is_gone_keeps_no_other_document_back(tmp_path: Path, editor: Editor) -> None:
    """Taken away while a file of it is open, or not made yet: that one is told so, and each other as ever."""
    text = "services:\n  web:\n    image: nginx\n    env_file: web.env\n"
    gone, here, never = (tmp_path / name / "compose.yaml" for name in ("gone", "here", "never"))
    for path in (gone, here):
        path.parent.mkdir()
        laid(path.parent, {"compose.yaml": text, "web.env": "A=1\n"})
        assert not [one for one in editor.open(path) if "web.env" in one.message]
    shutil.rmtree(gone.parent)
    (here.parent / "web.env").unlink()
    editor.watched(gone)
    assert [one for one in editor.known(here) if "web.env" in one.message]
    (told,) = editor.known(gone)
    assert "No such file or directory" in told.message
    assert len(editor.open(never, text)) == 1
    editor.type(never, f"{text}\n")
    assert "privileged" in {one.code for one in editor.change(here, f"{text}    privileged: true\n")}
    other = never.with_name("values.yaml")
    assert editor.open(other, "a: 1\n") == []
    for path in (gone, here, never, other):
        editor.close(path)


def test_a_folder_behind_a_link_is_the_folder(tmp_path: Path, editor: Editor) -> None:
    """Told under the name that the editor has for the file; what is not saved counts there, too."""
    folder = tmp_path / "folder"
    folder.mkdir()
    laid(folder, DEPLOYED)
    (tmp_path / "link").symlink_to(folder)
    path = tmp_path / "link" / "compose.yaml"
    assert "unknown-extension-field" in {one.code for one in editor.open(path)}
    told = editor.change(path, DEPLOYED["compose.yaml"].replace("roll: app", "role: app"))
    assert told
    assert not {"unknown-extension-field", "interpolation"} & {one.code for one in told}
    assert not editor.known(folder / "compose.yaml")
    editor.close(path)


def test_positions_are_utf_16(tmp_path: Path, editor: Editor) -> None:
    """What stands behind an emoji is where the editor counts it, and a change there changes nothing else."""
    path = tmp_path / "compose.yaml"
    text = 'name: shop\n# 🚀\nservices: {"web": {labels: {a: "🚀🚀"}, image: nginx:1.29, privileged: true}}\n'
    path.write_text(text)
    (found,) = (one for one in editor.open(path) if one.code == "privileged")
    line = text.splitlines()[2].encode("utf-16-le")
    start, end = 2 * found.range.start.character, 2 * found.range.end.character
    assert (found.range.start.line, line[start:end].decode("utf-16-le")) == (2, "true")
    column = text.splitlines()[2].index("privileged") + 2
    assert "extended privileges" in editor.hover(path, 2, column + 1)
    editor.close(path)


def test_its_fixes_are_those_of_the_command(tmp_path: Path, editor: Editor, environ: dict[str, str]) -> None:
    """All at once, they make of a file what `--fix` makes; one by one, they take their finding away."""
    (tmp_path / "fixed").mkdir()
    path, fixed = tmp_path / "compose.yaml", tmp_path / "fixed" / "compose.yaml"
    text = "name: shop\n# 🚀\nservices:\n  web:\n    image: nginx:1.29  # 🚀🚀\n    labels: {a: '🚀'}\n  db:\n    image: postgres:17\n"
    path.write_text(text)
    shutil.copy(path, fixed)
    subprocess.run([*FAIRLEAD, "--fix"], cwd=fixed.parent, env=environ, check=False, capture_output=True)
    editor.open(path)
    (every,) = editor.actions(path, 0, ["source.fixAll"])
    assert edited(every, path, text) == fixed.read_text() != text
    single = [one for one in editor.actions(path, 3) if one.kind == types.CodeActionKind.QuickFix]
    assert len(single) >= 3
    assert not [one for one in editor.actions(path, 3) if one.kind != types.CodeActionKind.QuickFix]
    for action in single:
        assert action.diagnostics
        (rule,) = {one.code for one in action.diagnostics}
        left = editor.change(path, edited(action, path, text))
        assert not [one for one in left if one.code == rule and one.range.start.line == 3], action.title
    editor.close(path)


def edited(action: types.CodeAction, path: Path, text: str) -> str:
    assert action.edit is not None
    assert action.edit.changes is not None
    return applied(text, action.edit.changes[path.as_uri()])


def test_it_tells_of_rules_and_keys(tmp_path: Path, editor: Editor) -> None:
    """Where something was found its rule as `explain` tells it, with its page; of a key what the schema says."""
    path = tmp_path / "compose.yaml"
    path.write_text(
        "services:\n  web:\n    image: nginx:1.29\n    privileged: true\n    x-fairlead: {role: app}\n"
    )
    found = next(one for one in editor.open(path) if one.code == "privileged")
    assert found.code_description is not None
    page = Path(found.code_description.href.removeprefix("file://"))
    assert page.read_text().startswith("# privileged\n")
    told = editor.hover(path, 3, 6)
    assert "Give extended privileges" in told
    assert "**privileged**:" in told
    assert page.as_uri() in told
    assert "`state`" in editor.hover(path, 4, 18)
    assert not editor.hover(path, 0, 0) or "services" in editor.hover(path, 0, 0)
    editor.close(path)


def test_it_offers_keys_values_and_names(tmp_path: Path, editor: Editor) -> None:
    """Of the schemas, and of every file of the app."""
    folder = laid(tmp_path, {"compose.yaml": "include: [db.yaml]\n", "db.yaml": APP["db.yaml"]})
    path = folder / "compose.yaml"
    head = "include: [db.yaml]\nservices:\n  web:\n    image: nginx:1.29\n"
    editor.open(path, f"{head}    volumes: [data:/x]\n")
    for typed, offered in (
        ("    priv", "privileged"),
        ("    restart: ", "unless-stopped"),
        ("    depends_on: [", "db"),
        ("    depends_on:\n      d", "db"),
        ("    volumes:\n      - ", "data"),
        ("    x-fairlead: {rol", "role"),
        ("    x-fairlead: {role: ", "state"),
    ):
        text = f"{head}{typed}"
        editor.change(path, text)
        line, character = text.count("\n"), len(text) - text.rfind("\n") - 1
        items = {one.label: one for one in editor.complete(path, line, character)}
        assert offered in items, typed
        edit = items[offered].text_edit
        assert isinstance(edit, types.TextEdit)
        assert offered in applied(text, [edit])
        assert applied(text, [edit]).startswith(head)
    editor.close(path)


@pytest.mark.parametrize("first", ["compose.yaml", "db/compose.yaml"])
def test_the_app_of_a_folder_is_judged_whatever_was_opened_before(
    first: str, tmp_path: Path, editor: Editor
) -> None:
    """Another app reads its file: its override counts all the same."""
    text = "services:\n  db:\n    image: postgres:17\n"
    (tmp_path / "db").mkdir()
    laid(
        tmp_path,
        {
            "compose.yaml": "include: [db/compose.yaml]\n",
            "db/compose.yaml": text,
            "db/compose.override.yaml": "services:\n  db:\n    privileged: true\n",
        },
    )
    files = sorted(
        (tmp_path / "compose.yaml", tmp_path / "db/compose.yaml"), key=lambda one: one != tmp_path / first
    )
    for path in files:
        editor.open(path)
    editor.change(files[-1], files[-1].read_text())
    for path in files:
        editor.watched(path)
    override = tmp_path / "db/compose.override.yaml"
    assert "privileged" in {one.code for one in editor.known(override)}
    for path in files:
        editor.close(path)


def test_other_yaml_is_none_of_its_business(tmp_path: Path, editor: Editor) -> None:
    path = tmp_path / "services.yaml"
    assert editor.open(path, "services:\n  App\\Mailer: {privileged: 7}\n") == []
    assert editor.complete(path, 0, 0) == []
    assert editor.hover(path, 0, 3) == ""
    editor.close(path)
    assert editor.open(path, "services:\n  web: {privileged: 7}\n", language="dockercompose") != []
    editor.close(path)


def test_whatever_is_typed_it_stays(tmp_path: Path, editor: Editor) -> None:
    """Texts that are no YAML, cut off, and torn apart, as fast as they come; then it says what it said before."""
    path = tmp_path / "compose.yaml"
    text = APP["compose.yaml"].replace("include: [db.yaml]\n", "")
    before = editor.open(path, text)
    chance = random.Random(17)  # noqa: S311 - the same texts at each run
    for _ in range(60):
        at, to = sorted(chance.choices(range(len(text)), k=2))
        torn = (
            text[:at] + chance.choice(["", "{", '"', "\t", "&a *a", "\x00", "🚀", "- : -", "!!x"]) + text[to:]
        )
        editor.type(path, torn)
        editor.complete(path, torn[:at].count("\n"), at - torn.rfind("\n", 0, at) - 1)
    assert editor.change(path, text) == before
    assert editor.log == []
    editor.close(path)
