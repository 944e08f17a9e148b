from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from fairlead.image.scan.bolt import read_bucket_names
from fairlead.image.scan.trivy import database_folder, last_error, parse_repository, read_database, scan_argv
from lab.bolt import render_bolt


def test_a_scan_sees_everything_and_reaches_nothing() -> None:
    argv = scan_argv(Path("/v"), Path("/r.json"))
    assert argv[:5] == ("image", "--input", "/v", "--format", "json")
    for word in ("--skip-db-update", "--offline-scan", "--disable-telemetry", "--list-all-pkgs"):
        assert word in argv
    assert "--cache-backend" not in argv
    assert "--cache-backend" in scan_argv(Path("/v"), Path("/r.json"), in_memory=True)
    assert not any("severity" in word or "unfixed" in word for word in argv)


def test_the_cache_is_where_trivy_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/a")
    assert database_folder({"TRIVY_CACHE_DIR": "/c"}) == Path("/c")
    assert database_folder({"XDG_CACHE_HOME": "/x"}) == Path("/x/trivy")
    assert database_folder({}) == Path("/home/a/.cache/trivy")


def test_trivys_last_word() -> None:
    said = "2026-11-23T01:55:27Z\tINFO\tx\n2026-11-23T01:55:27Z\tFATAL\tFatal error\trun error: init error: DB error\n"
    assert last_error(said) == "init error: DB error"
    several = "x\tFATAL\tFatal error\trun error: 1 error occurred:\n\t* Get: connection refused\n\n\n"
    assert last_error(several) == "1 error occurred: * Get: connection refused"
    assert last_error("odd\n") == "odd"
    assert last_error("") == "it printed nothing"


def test_the_source_of_alpines_packages_is_read_where_trivy_goes_by_it() -> None:
    said = 'x\tINFO\t[alpine] Detecting vulnerabilities...\tos_version="3.22" repository="edge" pkg_num=1\n'
    assert parse_repository(said) == "edge"
    assert parse_repository(said.replace("[alpine]", "[debian]")) == ""
    assert parse_repository("") == ""


def write_database(folder: Path, content: bytes, updated_at: str = "2026-09-21T14:13:20.123456789Z") -> None:
    (folder / "db").mkdir()
    (folder / "db" / "trivy.db").write_bytes(content)
    (folder / "db" / "metadata.json").write_text(json.dumps({"UpdatedAt": updated_at}))


def test_the_buckets_of_a_database_are_read(tmp_path: Path) -> None:
    write_database(tmp_path, render_bolt({"debian 13": {"bash": {"CVE": b"{}"}}, "vulnerability": {}}))
    found = read_database(tmp_path, "", "r")
    assert found.updated_at == pytest.approx(1_790_000_000.123, abs=0.01)
    assert found.buckets == frozenset({"debian 13"})  # an empty bucket is as good as none
    assert found.source == "r"


def test_a_root_of_many_pages_is_read(tmp_path: Path) -> None:
    names = {f"distribution {number}": {"p": b"{}"} for number in range(500)}
    (tmp_path / "x").write_bytes(render_bolt(names))
    assert read_bucket_names(tmp_path / "x") == set(names)


def page(number: int, flags: int, elements: list[tuple[bytes, bytes]]) -> bytes:
    """A page of a bbolt file: each element, and the data behind its table."""
    table = b"".join(element for element, _ in elements)
    data = b"".join(data for _, data in elements)
    return (struct.pack("<QHHI", number, flags, len(elements), 0) + table + data).ljust(4096, b"\0")


def test_a_root_with_branches_is_read(tmp_path: Path) -> None:
    """A real database has more buckets than one page holds; small buckets lie inline in their parent."""

    def leaf(number: int, name: bytes) -> bytes:
        inline = struct.pack("<QQQHHI", 0, 0, 0, 0x02, 1, 0)
        return page(number, 0x02, [(struct.pack("<IIII", 1, 16, len(name), len(inline)), name + inline)])

    meta = struct.pack("<IIIIQQQQQQ", 0xED0CDAED, 2, 4096, 0, 3, 0, 2, 6, 7, 0)
    head = struct.pack("<QHHI", 0, 0x04, 0, 0)
    branch = page(3, 0x01, [(struct.pack("<IIQ", 32, 1, 4), b"a"), (struct.pack("<IIQ", 17, 1, 5), b"u")])
    metas = (head + meta).ljust(4096, b"\0") * 2
    free = page(2, 0x10, [])
    leaves = leaf(4, b"alpine 3.20") + leaf(5, b"ubuntu 24.04")
    (tmp_path / "x").write_bytes(metas + free + branch + leaves)
    assert read_bucket_names(tmp_path / "x") == {"alpine 3.20", "ubuntu 24.04"}
    circle = page(3, 0x01, [(struct.pack("<IIQ", 16, 1, 3), b"a")])
    (tmp_path / "x").write_bytes(metas + free + circle + leaves)
    with pytest.raises(ValueError, match="circle"):
        read_bucket_names(tmp_path / "x")


@pytest.mark.parametrize(
    "content", [b"", b"x" * 100, b"\0" * 20000, render_bolt({"a": {"b": b"c"}})[:9000], None]
)
def test_a_broken_database_is_a_problem_and_no_crash(tmp_path: Path, content: bytes | None) -> None:
    write_database(tmp_path, content or b"")
    if content is None:
        (tmp_path / "db" / "trivy.db").unlink()
    found = read_database(tmp_path, "", "")
    assert found.updated_at is not None
    assert found.buckets is None
    assert found.problem


@pytest.mark.parametrize("metadata", ["", "{}", '{"UpdatedAt": 5}', '{"UpdatedAt": "yesterday"}', "[]"])
def test_broken_metadata_is_no_date(tmp_path: Path, metadata: str) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "metadata.json").write_text(metadata)
    found = read_database(tmp_path, "", "")
    assert found.updated_at is None
    assert found.problem


def test_no_database_tells_why_it_could_not_be_fetched(tmp_path: Path) -> None:
    assert read_database(tmp_path, "no such host", "").problem == "no such host"
