"""An image that the scan is to find nothing in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.state import Lab
from lab.vulnerabilities import render_leaky
from tests.integration.image.conftest import open_workshop
from tests.integration.image.workshop import SMALL, Workshop

OTHERS = ("wolfi", "photon", "almalinux", "echo")
"""Of other packages and of the same, with releases that end and without: one of each kind."""
PACKAGES = "COPY packages/amd64/ /var/lib/dpkg/status.d/\n"


@pytest.fixture(scope="module")
def scanned(lab: Lab, trivy_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A repository whose image holds a package with a critical flaw, and whose scan says so."""
    shop = open_workshop(tmp_path_factory.mktemp("scan") / "clone", lab, trivy_cache)
    shop.settings("", of=SMALL)
    shop.write("packages/amd64/lab-critical", render_leaky("lab-critical"))
    shop.ok("build")
    assert codes(shop.run("scan").document) == {"vulnerability"}
    return shop


@pytest.fixture
def vulnerable(scanned: Workshop, tmp_path: Path) -> Workshop:
    """A copy of it."""
    return scanned.copy(tmp_path / "clone", scanned.repository)


def test_a_system_under_another_name_passes_no_scan(vulnerable: Workshop) -> None:
    """Renames the system in `/etc/os-release` of an image with a critical flaw, so that it is looked up elsewhere.

    Holds: the scan refuses it: the packages are not those of that system, or the database does not know it.
    """
    for name in OTHERS:
        vulnerable.write("etc/os-release", f"ID={name}\nVERSION_ID=1.0\n")
        vulnerable.write("Dockerfile.api", f"FROM scratch\nCOPY etc/os-release /etc/\n{PACKAGES}")
        assert refused(vulnerable) <= {"os-mismatch", "unknown-os-release", "end-of-life"}, name


def test_an_image_in_which_nothing_is_recognised_passes_no_scan(vulnerable: Workshop) -> None:
    """Leaves out whatever a scanner goes by: the system's name, its list of packages, all of it.

    Holds: the scan refuses it, also where no operating system is expected (`allow_no_os`), unless fairlead.yaml accepts
    that by name, with a reason and a last day.
    """
    vulnerable.settings("scan: {allow_no_os: [api]}\n", of=SMALL)
    vulnerable.write("Dockerfile.api", "FROM scratch\nCOPY source /srv\n")
    assert refused(vulnerable) == {"nothing-recognised"}
    vulnerable.write("Dockerfile.api", f"FROM scratch\nCOPY source /srv\n{PACKAGES}")
    assert refused(vulnerable) <= {"unknown-os", "nothing-recognised"}
    late = "{id: UNSCANNED-nothing, reason: a static program, until: 2020-01-01}"
    vulnerable.settings(f"scan: {{allow_no_os: [api], ignore: [{late}]}}\n", of=SMALL)
    vulnerable.write("Dockerfile.api", "FROM scratch\nCOPY source /srv\n")
    assert refused(vulnerable) == {"ignore-expired", "nothing-recognised"}


def refused(shop: Workshop) -> set[str]:
    """Build and scan; the scan must refuse. Its reasons."""
    shop.ok("build")
    found = codes(shop.refused(10, "scan", "--offline"))
    assert found
    return found


def codes(document: dict[str, Any]) -> set[str]:
    return {reason["code"] for image in document["images"].values() for reason in image["reasons"]}
