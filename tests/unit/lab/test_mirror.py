from __future__ import annotations

import pytest

from fairlead.errors import CommandFailedError
from lab.debian import mirror
from lab.debian.mirror import mirror_url, parse_release

RELEASE = """\
-----BEGIN PGP SIGNED MESSAGE-----

Origin: Debian
Date: Sat, 12 Sep 2026 07:55:41 UTC
MD5Sum:
 00 1 main/binary-amd64/Packages.xz
SHA256:
 aa 10 main/binary-amd64/Packages.xz
 bb 20 main/binary-arm64/Packages.xz
-----BEGIN PGP SIGNATURE-----
"""


@pytest.fixture(autouse=True)
def _no_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAIRLEAD_DEBIAN_MIRROR", raising=False)


def test_the_table_of_a_suite_is_read() -> None:
    release = parse_release(RELEASE)
    assert release.date == "Sat, 12 Sep 2026 07:55:41 UTC"
    assert release.indices == {"main/binary-amd64/Packages.xz": "aa", "main/binary-arm64/Packages.xz": "bb"}


def test_the_page_of_a_captive_portal_is_no_table() -> None:
    with pytest.raises(CommandFailedError, match="not an InRelease"):
        parse_release("<html>please log in</html>")


@pytest.mark.parametrize(("can_check", "scheme"), [(True, "http"), (False, "https")])
def test_a_mirror_is_vouched_for_by_a_signature_or_by_tls(
    monkeypatch: pytest.MonkeyPatch, can_check: bool, scheme: str
) -> None:
    """On a machine without Debian's keyring plain HTTP would let anybody choose what is in the images."""
    monkeypatch.setattr(mirror, "_can_check_signatures", lambda: can_check)
    archive = type("Archive", (), {"mirror": "http://deb.example.org/debian/"})
    monkeypatch.setattr(mirror, "read_archive", archive)
    assert mirror_url() == f"{scheme}://deb.example.org/debian"


def test_a_mirror_that_is_asked_for_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_DEBIAN_MIRROR", "http://mirror.local/debian/")
    assert mirror_url() == "http://mirror.local/debian"
