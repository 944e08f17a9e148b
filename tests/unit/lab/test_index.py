from __future__ import annotations

import pytest

from fairlead.errors import CommandFailedError
from lab.debian.index import essential, parse_index, parse_relations, resolve

INDEX = """\
Package: app
Version: 1.0
Architecture: amd64
Depends: libc (>= 2), mail-server | postfix, optional-thing
Filename: pool/a/app.deb
Size: 10
SHA256: aa

Package: libc
Version: 2.41
Architecture: amd64
Essential: yes
Priority: required
Description: the library
 Depends: this line is part of the description

Package: exim
Version: 4
Architecture: amd64
Provides: mail-server (= 4)
Priority: optional

Package: nullmailer
Version: 2
Architecture: amd64
Provides: mail-server
Priority: important

Package: postfix
Version: 3
Architecture: amd64

Package: optional-thing
Version: 1
Architecture: all
Depends: huge

Package: huge
Version: 1
Architecture: amd64
"""


def names(wanted: tuple[str, ...], omit: tuple[str, ...] = ()) -> list[str]:
    return [package.name for package in resolve(parse_index(INDEX), wanted, omit=omit)]


def test_dependencies_are_followed_and_sorted() -> None:
    """A virtual package is met by the provider of the highest priority."""
    assert names(("app",)) == ["app", "huge", "libc", "nullmailer", "optional-thing"]


def test_a_package_that_is_wanted_anyway_meets_a_virtual_one() -> None:
    assert "nullmailer" not in names(("app", "exim"))


def test_an_alternative_that_is_wanted_anyway_comes_before_the_first_one() -> None:
    chosen = names(("app", "postfix"))
    assert "postfix" in chosen
    assert "nullmailer" not in chosen


def test_what_is_left_out_takes_along_what_only_it_needs() -> None:
    assert names(("app",), omit=("optional-thing",)) == ["app", "libc", "nullmailer"]


def test_a_package_that_is_nowhere_is_named() -> None:
    with pytest.raises(CommandFailedError, match="no package `nowhere`"):
        names(("nowhere",))


def test_a_dependency_that_nothing_meets_is_named() -> None:
    index = parse_index("Package: app\nVersion: 1\nArchitecture: all\nDepends: gone | lost\n")
    with pytest.raises(CommandFailedError, match=r"gone \| lost"):
        resolve(index, ("app",))


def test_the_essential_packages() -> None:
    assert essential(parse_index(INDEX)) == ("libc",)


def test_relations_lose_versions_and_architectures() -> None:
    assert parse_relations("a (>= 1:2.0~), b:any | c [amd64], ") == (("a",), ("b", "c"))
