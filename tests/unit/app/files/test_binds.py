"""What a bind mount of the repository is: read, written, or nothing that a server can have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.app.files.binds import Bind, sort_binds
from fairlead.app.files.tracked import names_below, parse_index
from fairlead.app.split import ReleaseParts
from fairlead.errors import ComposeInvalidError
from tests.unit.app.small import small_app, split_small


def write_index(names: list[str], version: int = 2) -> bytes:
    """An index of git's with these names."""
    body, last = b"", b""
    for name in sorted(names):
        text = name.encode()
        fixed = bytes(60) + min(len(text), 0xFFF).to_bytes(2, "big")
        if version == 4:
            kept = 0
            while kept < min(len(last), len(text)) and last[kept] == text[kept]:
                kept += 1
            body += fixed + _varint(len(last) - kept) + text[kept:] + b"\0"
        else:
            entry = fixed + text
            body += entry + b"\0" * (8 - len(entry) % 8)
        last = text
    return b"DIRC" + version.to_bytes(4, "big") + len(names).to_bytes(4, "big") + body + bytes(20)


def _varint(value: int) -> bytes:
    out = [value & 0x7F]
    while value := value >> 7:
        value -= 1
        out.insert(0, 0x80 | value & 0x7F)
    return bytes(out)


@given(
    st.lists(st.text("abcü/-._", min_size=1, max_size=300), unique=True, max_size=40), st.sampled_from([2, 4])
)
def test_an_index_is_read_in_each_of_its_forms(names: list[str], version: int) -> None:
    assert parse_index(write_index(names, version)) == tuple(sorted(names))


@given(st.binary(max_size=300), st.integers(0, 200))
def test_what_is_no_index_never_raises(junk: bytes, cut: int) -> None:
    parse_index(junk)
    parse_index(b"DIRC" + junk)
    parse_index(write_index(["a/b", "c"])[:cut])


def repository(root: Path, *tracked: str, more: tuple[str, ...] = ()) -> str:
    """A checkout with these files, and more that git does not track."""
    for name in (*tracked, *more):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / ".git").mkdir()
    (root / ".git" / "index").write_bytes(write_index(list(tracked)))
    return str(root)


def bind(root: str, source: str, target: str = "/srv/it", **more: Any) -> Bind:
    definition = {
        "volumes": [{"type": "bind", "source": f"{root}/{source}", "target": target}],
        **more,
    }
    return sort_binds({"web": definition}, root)["web"][target]


@pytest.mark.parametrize(
    ("source", "target", "kind"),
    [
        ("data", "/data", "data"),  # not there: git keeps no empty folder
        ("deep/er/uploads", "/app/uploads", "data"),
        ("keep", "/app/keep", "data"),  # a placeholder is nothing
        ("local", "/local", "data"),  # git does not track what is in it
        ("media", "/media", "data"),  # begins with what is tracked
        ("site", "/data", "data"),
        ("conf", "/conf", "repository"),
        ("site", "/usr/share/nginx/html", "repository"),
        ("nowhere", "/etc/nginx/conf.d", "repository"),  # refused later: it is not there
        ("conf/a.conf", "/etc/a.conf", "repository"),
        ("app.db", "/app/app.db", "refused"),
        ("missing.json", "/app/missing.json", "refused"),
        ("letsencrypt/acme.json", "/acme.json", "refused"),
        ("", "/data", "repository"),  # the whole repository is no data
    ],
)
@pytest.mark.parametrize("built", [False, True])
def test_what_is_written_is_told_from_what_is_read(
    tmp_path: Path, source: str, target: str, kind: str, built: bool
) -> None:
    root = repository(
        tmp_path,
        *("conf/a.conf", "site/index.html", "media/logo.png", "keep/.gitkeep", "keep/deep/.gitignore"),
        *("app.db", "letsencrypt/acme.json"),
        more=("local/of-a-laptop",),
    )
    more = {"build": {"context": root}} if built else {}
    found = bind(root, source, target, **more).kind
    is_code = kind == "repository" and not source.endswith(".conf") and not target.startswith("/etc")
    assert found == ("image" if built and is_code else kind)


def test_a_laptop_and_a_runner_decide_alike(tmp_path: Path) -> None:
    """What lies there and is not tracked changes nothing."""
    there = repository(tmp_path / "laptop", "data/.gitkeep", more=("data/board.sqlite3", "up/x"))
    fresh = repository(tmp_path / "runner", "data/.gitkeep")
    for name in ("data", "up"):
        assert bind(there, name) == bind(fresh, name)
    assert names_below(f"{there}/data", there) == (".gitkeep",)


@pytest.mark.parametrize(
    ("environment", "kind"),
    [
        ({"DATABASE_URL": "sqlite:////app/board.sqlite3"}, "refused"),
        ({"DATABASE_URL": "sqlite:///board.db"}, "refused"),
        ({"DATABASE_URL": "file:./dev.db"}, "refused"),
        ({"DATABASE_URL": "sqlite:////app/data/board.sqlite3"}, "image"),  # a volume of its own
        ({"DATABASE_URL": "sqlite:////var/lib/board.db"}, "image"),
        ({"DATABASE_URL": "postgres://db/board"}, "image"),
    ],
)
def test_a_database_in_the_code_is_never_dropped_with_it(
    tmp_path: Path, environment: dict[str, str], kind: str
) -> None:
    root = repository(tmp_path, "manage.py")
    definition = {
        "build": {"context": root},
        "environment": environment,
        "volumes": [
            {"type": "bind", "source": root, "target": "/app"},
            {"type": "volume", "source": "data", "target": "/app/data"},
        ],
    }
    assert sort_binds({"web": definition}, root)["web"]["/app"].kind == kind


def test_a_part_of_what_is_written_is_refused(tmp_path: Path) -> None:
    """A container could put a link to anywhere in its place, and the engine, root, would follow it."""
    root = repository(tmp_path)

    def services(*sources: str) -> dict[str, dict[str, Bind]]:
        mounts = [{"type": "bind", "source": f"{root}/{one}", "target": f"/{one}"} for one in sources]
        return sort_binds({f"s{number}": {"volumes": [one]} for number, one in enumerate(mounts)}, root)

    assert services("data", "data/public")["s1"]["/data/public"].kind == "refused"
    assert services("data", "data2")["s1"]["/data2"].kind == "data"
    assert services("a/b", "a--b")["s1"]["/a--b"].kind == "refused", "one name on the host"


def parts(root: Path, text: str) -> ReleaseParts:
    return split_small(small_app(root, text))


def test_a_folder_that_one_service_writes_is_its_own(tmp_path: Path) -> None:
    """Such a service is recreated, as with a volume; where another mounts it too, both may have it at once."""
    repository(tmp_path, "uploads/.gitkeep", more=("uploads/private",))
    web = "services:\n  web:\n    build: web\n    expose: ['80']\n    volumes: ['./uploads:/up']\n"
    alone = parts(tmp_path, web)
    assert alone.services["web"]["rollout"] == "recreate"
    assert "the folder ./uploads" in alone.services["web"]["why"]
    assert alone.services["web"]["mounts"] == [{"data": "uploads", "target": "/up", "read_only": False}]
    seed = alone.files[alone.data["uploads"]["seed"]]
    assert list(seed["entries"]) == [".gitkeep"], "nothing of a laptop's goes to a server"
    assert any("stays on the host" in note.what for note in alone.notes)
    both = parts(
        tmp_path, f"{web}  front:\n    image: nginx\n    expose: ['80']\n    volumes: ['./uploads:/srv:ro']\n"
    )
    assert both.services["web"]["rollout"] == "switch"
    assert both.services["front"]["mounts"] == [{"data": "uploads", "target": "/srv", "read_only": True}]


def test_a_database_may_keep_its_data_in_a_folder(tmp_path: Path) -> None:
    repository(tmp_path)
    text = "services:\n  db:\n    image: postgres:17\n    volumes: ['./pg:/var/lib/postgresql/data']\n"
    found = split_small(small_app(tmp_path, text, images=()))
    assert found.services["db"]["mounts"][0]["data"] == "pg"
    assert found.document()["data"] == {"pg": {}}


def test_what_cannot_be_kept_is_refused_with_its_place(tmp_path: Path) -> None:
    repository(tmp_path)
    text = "services:\n  web:\n    build: web\n    expose: ['80']\n    volumes: ['./app.sqlite3:/app/app.sqlite3']\n"
    with pytest.raises(ComposeInvalidError) as raised:
        parts(tmp_path, text)
    (fault,) = raised.value.findings
    assert "one file, which is written" in fault.what
    assert "mount the folder" in fault.fix
