from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from fairlead.errors import InputError, ScanRefusedError
from fairlead.image.documents import BuiltImage, Reason, ScanDocument
from fairlead.image.publish import check_publishable
from fairlead.image.scan.refusal import refusal
from fairlead.settings.images import ScanIgnore, ScanSettings
from tests.unit.image.builders import NOW, build, scanned, settings

IGNORE = ScanIgnore(id="CVE-2026-1", reason="not reachable here", until="2026-01-01")


def with_image(**changes: Any) -> ScanDocument:
    image = dataclasses.replace(scanned().images["api"], **changes)
    return scanned(images={"api": image})


def test_a_passing_verdict_for_what_was_built_may_be_published() -> None:
    check_publishable(build(), scanned(), settings(), NOW)


def test_a_dirty_build_is_refused_and_names_the_files() -> None:
    with pytest.raises(InputError, match="files differed from the commit") as caught:
        check_publishable(build(dirty_files=("app/x.py",)), scanned(), settings(), NOW)
    assert "app/x.py" in caught.value.why


@pytest.mark.parametrize(
    ("scan", "policy", "message"),
    [
        (scanned(images={}), ScanSettings(), "it was not scanned"),
        (with_image(digest="sha256:" + "8" * 64), ScanSettings(), "the scan is of sha256:8"),
        (
            with_image(reasons=(Reason(code="unknown-os", platform="", message="no OS"),)),
            ScanSettings(),
            "the scan refuses it: no OS",
        ),
        (with_image(platforms={}), ScanSettings(), "linux/amd64, linux/arm64 was not scanned"),
        (scanned(), ScanSettings(severity="LOW"), "of another policy"),
        (scanned(scanned_at="2026-09-01T00:00:00Z"), ScanSettings(), "h old"),
        (
            scanned(ScanSettings(ignore=(IGNORE,))),
            ScanSettings(ignore=(IGNORE,)),
            "CVE-2026-1 was good until 2026-01-01",
        ),
    ],
)
def test_without_a_passing_verdict_of_today_nothing_is_published(
    scan: ScanDocument, policy: ScanSettings, message: str
) -> None:
    with pytest.raises(ScanRefusedError) as caught:
        check_publishable(build(), scan, settings(scan=policy), NOW)
    assert any(message in finding.what for finding in caught.value.findings)


def test_a_platform_that_settings_want_must_have_been_scanned() -> None:
    with pytest.raises(ScanRefusedError) as caught:
        check_publishable(build(), scanned(), settings(platforms=("linux/riscv64",)), NOW)
    assert "linux/riscv64 was not scanned" in caught.value.findings[0].what


def test_all_images_are_told_at_once() -> None:
    other = BuiltImage(repository="r/web", layout="images/web", digest="sha256:" + "5" * 64, platforms={})
    made = build(images={**build().images, "web": other})
    with pytest.raises(ScanRefusedError) as caught:
        check_publishable(made, scanned(images={}), settings(), NOW)
    assert [finding.what for finding in caught.value.findings] == [
        "api: it was not scanned",
        "web: it was not scanned",
    ]


def test_a_reason_of_several_platforms_is_told_once() -> None:
    reasons = tuple(
        Reason(code="vulnerability", platform=platform, message="HIGH CVE-2026-1 in bash")
        for platform in ("linux/amd64", "linux/arm64")
    )
    error = refusal(with_image(reasons=reasons))
    assert error is not None
    assert [finding.what for finding in error.findings] == [
        "api linux/amd64, api linux/arm64: HIGH CVE-2026-1 in bash"
    ]
    assert "newer base image" in error.fix
    assert refusal(scanned()) is None
