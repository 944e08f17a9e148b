from __future__ import annotations

import io
import lzma
import tarfile
from pathlib import Path

import pytest

from fairlead.errors import CommandFailedError
from lab.debian.archive import read_control, read_files
from lab.debian.layer import system_files, write_package
from lab.layer import Entry, LayerWriter


def tar_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return lzma.compress(buffer.getvalue())


def write_deb(path: Path, control: str, files: dict[str, bytes]) -> Path:
    members = {
        "debian-binary": b"2.0\n",
        "control.tar.xz": tar_of({"control": control.encode(), "postinst": b"#!/bin/sh\n"}),
        "data.tar.xz": tar_of(files),
    }
    content = b"!<arch>\n"
    for name, data in members.items():
        header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n"
        content += header.encode() + data + b"\n" * (len(data) % 2)
    path.write_bytes(content)
    return path


def read_layer(blobs: Path, digest: str) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(blobs / digest.removeprefix("sha256:")) as tar:
        return {member.name: member for member in tar}


CONTROL = "Package: libfoo\nVersion: 1\nArchitecture: arm64\nMulti-Arch: same\n"


def test_a_package_is_read_without_a_package_tool(tmp_path: Path) -> None:
    deb = write_deb(tmp_path / "a.deb", CONTROL, {"usr/share/x/a": b"1", "usr/share/y": b"2"})
    assert read_control(deb)["control"] == CONTROL.encode()
    assert read_files(deb, "usr/share/x/") == {"usr/share/x/a": b"1"}


def test_a_file_that_is_no_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.deb").write_bytes(b"<html>not found</html>")
    with pytest.raises(CommandFailedError, match="not a Debian package"):
        read_control(tmp_path / "x.deb")


def test_a_layer_holds_the_files_and_the_package_database(tmp_path: Path) -> None:
    """Also of a foreign architecture: nothing of the package runs."""
    deb = write_deb(tmp_path / "a.deb", CONTROL, {"bin/tool": b"1", "usr/share/man/man1/tool.1": b"2"})
    base = write_deb(
        tmp_path / "b.deb",
        "Package: base-passwd\nVersion: 1\nArchitecture: arm64\n",
        {
            "usr/share/base-passwd/passwd.master": b"root:*:0:0:root:/root:/bin/bash\n",
            "usr/share/base-passwd/group.master": b"root:*:0:\n",
        },
    )
    blobs = tmp_path / "blobs" / "sha256"
    with LayerWriter(blobs, made_at=1000) as layer:
        write_package(deb, layer)
        for entry in system_files([deb], [base, deb], ()):
            layer.add(entry)
        made = layer.finish()
    members = read_layer(blobs, made.digest)
    assert {"usr/bin/tool", "var/lib/dpkg/status", "etc/passwd", "etc/shadow"} <= members.keys()
    assert "usr/share/man/man1/tool.1" not in members
    assert members["var/lib/dpkg/info/libfoo:arm64.postinst"].mode == 0o755
    assert members["etc/shadow"].mode == 0o640


def test_a_layer_depends_on_nothing_but_its_content(tmp_path: Path) -> None:
    def write(folder: Path) -> tuple[str, str]:
        with LayerWriter(folder, made_at=1000) as layer:
            layer.add(Entry("etc/motd", b"hello"))
            layer.add(Entry("srv", owner=999, group=999))
            made = layer.finish()
        return made.digest, made.diff_id

    assert write(tmp_path / "a" / "sha256") == write(tmp_path / "b" / "sha256")


def test_a_program_keeps_its_capability(tmp_path: Path) -> None:
    with LayerWriter(tmp_path / "blobs", made_at=0) as layer:
        layer.add(Entry("usr/bin/caddy", b"x", mode=0o755, capability=b"\x01\x00\x00\x02"))
        made = layer.finish()
    member = read_layer(tmp_path / "blobs", made.digest)["usr/bin/caddy"]
    assert member.pax_headers["SCHILY.xattr.security.capability"] == "\x01\x00\x00\x02"


def test_a_layer_that_was_not_finished_leaves_nothing(tmp_path: Path) -> None:
    with LayerWriter(tmp_path / "blobs" / "sha256", made_at=0) as layer:
        layer.add(Entry("a", b"1"))
    assert [path.name for path in tmp_path.rglob("*")] == ["blobs", "sha256"]
