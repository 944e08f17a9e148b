"""The maintainers' check of the catalog's releases."""

from __future__ import annotations

import pytest

from fairlead import process
from fairlead.errors import CommandFailedError
from fairlead.tools.catalog import Asset, Release, Tool
from tests import pins
from tests.unit.tools.test_release import PROGRAM, packed, sha256

ARCHIVE = packed(("some", PROGRAM))
TOOL = Tool("some", "some", "use", ("--version",), (1, 0, 0))


def release(archive: str, program: str = "") -> Release:
    return Release("acme/some", "1.0", {"amd64": Asset("some.tar.gz", archive, program)}, "acme/some/w.yaml")


def checked(one: Release) -> list[str]:
    return list(pins.check(TOOL, one, one.assets["amd64"]))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands that were run; each ends well."""
    commands: list[tuple[str, ...]] = []

    def run(argv: tuple[str, ...], **_: object) -> process.Completed:
        commands.append(argv)
        return process.Completed(argv, 0, "", "")

    monkeypatch.setattr(process, "run", run)
    monkeypatch.setattr(pins, "download", lambda url, path: path.write_bytes(_served(url)))
    return commands


def _served(url: str) -> bytes:
    return b"{}" if url.endswith(".sigstore.json") else ARCHIVE


def test_the_signer_is_one_workflow_at_one_tag(asked: list[tuple[str, ...]]) -> None:
    assert checked(release(sha256(ARCHIVE), sha256(PROGRAM))) == []
    [argv] = asked
    assert argv[:2] == ("cosign", "verify-blob")
    assert (
        argv[argv.index("--certificate-identity") + 1] == "https://github.com/acme/some/w.yaml@refs/tags/v1.0"
    )
    assert "regexp" not in " ".join(argv)


def test_what_the_table_lacks_is_told_with_what_to_write(asked: list[tuple[str, ...]]) -> None:
    [program] = checked(release(sha256(ARCHIVE)))
    assert program.endswith(f'write program="{sha256(PROGRAM)}"')
    assert f'write archive="{sha256(ARCHIVE)}"' in checked(release("0" * 64, sha256(PROGRAM)))[0]
    assert asked


def test_an_archive_without_a_good_signature_is_not_opened(
    asked: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(argv: tuple[str, ...], **_: object) -> process.Completed:
        raise CommandFailedError("`cosign` failed with exit code 1")

    monkeypatch.setattr(process, "run", refuse)
    monkeypatch.setattr(pins, "take_out", lambda *_: pytest.fail("it was opened"))
    [fault] = checked(release(sha256(ARCHIVE)))
    assert "cosign" in fault
    assert asked == []
