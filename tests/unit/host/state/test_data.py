"""Who a folder of data belongs to, and what the plan says of it and of what belongs together."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from fairlead.host.disk.paths import Paths
from fairlead.host.shape.project import render_release_project
from fairlead.host.state.data import list_data, parse_user, read_passwd, writers_of
from fairlead.host.wire.planned import PlanAnswer
from fairlead.release.plan_text import plan_lines
from tests.unit.host.samples import document, release

_PASSWD = "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/:/bin/sh\nother:x:5:6\n"


@pytest.mark.parametrize(
    ("user", "owner"),
    [
        ("", (0, 0)),
        ("app", (1000, 1001)),
        ("1000", (1000, 1001)),
        ("1000:2000", (1000, 2000)),
        ("app:2000", (1000, 2000)),
        ("4321", (4321, 0)),
        ("nobody-knows", (0, 0)),
        ("-1", (0, 0)),
        ("99999999999", (0, 0)),
        ("app:staff", (1000, 1001)),
        ("9" * 5_000, (0, 0)),
        ("app:" + "9" * 5_000, (1000, 1001)),
    ],
)
def test_a_user_is_read_as_the_engine_does(user: str, owner: tuple[int, int]) -> None:
    assert parse_user(user, _PASSWD) == owner


@pytest.mark.parametrize(
    ("kind", "leads_to"),
    [
        (tarfile.SYMTYPE, "passwd"),
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.LNKTYPE, "passwd"),
        (tarfile.FIFOTYPE, ""),
        (tarfile.DIRTYPE, ""),
    ],
)
def test_an_image_may_have_anything_in_the_place_of_its_users(kind: bytes, leads_to: str) -> None:
    """A link to itself, and what is no file: then there are no users."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("passwd")
        entry.type, entry.linkname = kind, leads_to
        archive.addfile(entry)
    assert read_passwd(buffer.getvalue()) == ""
    assert read_passwd(b"no archive") == ""


def test_only_folders_are_data(tmp_path: Path) -> None:
    paths = Paths(tmp_path, "board")
    assert list_data(paths) == frozenset()
    (paths.data / "up").mkdir(parents=True)
    (paths.data / "link").symlink_to("/etc")
    (paths.data / "file").touch()
    assert list_data(paths) == {"up"}


def test_a_folder_is_mounted_from_where_it_lies_and_told() -> None:
    raw = document(data={"up": {}})
    raw["services"]["web"]["mounts"] = [{"data": "up", "target": "/up", "read_only": False}]
    made = release(data=raw["data"], services=raw["services"])
    assert [one.name for one in writers_of(made, "up")] == ["web"]
    project = render_release_project(made, "000001", Paths(Path("/srv/fairlead"), "board"), {"web"})
    (mount,) = [one for one in project["services"]["web-000001"]["volumes"] if one["target"] == "/up"]
    assert (mount["source"], mount["read_only"]) == ("/srv/fairlead/board/data/up", False)
    lines = plan_lines(PlanAnswer(), raw)
    assert "stays on the host: /srv/fairlead/board/data/up (web as /up)" in lines


def test_what_is_called_within_a_release_is_linked_to_its_own() -> None:
    raw = document()["services"]
    raw["web"].update(together=True, calls=["worker"])
    raw["worker"].update(together=True)
    raw["web"]["definition"]["volumes"] = [
        {"type": "volume", "source": "static", "target": "/static", "read_only": True}
    ]
    made = release(services=raw, release_volumes=["static"])
    started = {"web", "worker"}
    project = render_release_project(made, "000002", Paths(Path("/srv/fairlead"), "board"), started)
    assert project["services"]["web-000002"]["links"] == ["worker-000002:worker"]
    assert project["volumes"]["static"]["name"] == "board-000002_static"
    (mount,) = [one for one in project["services"]["web-000002"]["volumes"] if one.get("source") == "static"]
    assert mount["volume"] == {"nocopy": True}, "who only reads fills nothing"
