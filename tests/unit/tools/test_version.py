from __future__ import annotations

import pytest

from fairlead.tools.version import parse_version, render_version


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("Docker version 26.1.5+dfsg1, build a72d7cd", (26, 1, 5)),
        ("Docker Compose version v2.26.1-4", (2, 26, 1)),
        ("github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3", (0, 13, 1)),
        ("Version: 0.74.0", (0, 74, 0)),
        ("OpenSSH_9.2p1 Debian-2+deb12u7, OpenSSL 3.0.17", (9, 2, 0)),
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("v2.11.7 h1:yj0Y4fYZGPkSvibBJ1sTWE33xC0fxztVyXEW5iIdUT4=", (2, 11, 7)),
    ],
)
def test_a_version_is_read_from_what_tools_print(said: str, version: tuple[int, ...]) -> None:
    assert parse_version(said) == version


def test_no_version_is_none() -> None:
    assert parse_version("dev") is None


def test_versions_compare_as_numbers() -> None:
    ten, nine = parse_version("0.10.0"), parse_version("0.9.9")
    assert ten is not None
    assert nine is not None
    assert ten > nine
    assert render_version(ten) == "0.10.0"
