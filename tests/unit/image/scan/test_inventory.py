"""What is kept of a scan, read again whoever wrote it, and two of them against each other."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.image.oci.manifests import LARGEST_DOCUMENT, UnfitError
from fairlead.image.scan.compared import KINDS, compare, sentence
from fairlead.image.scan.findings import SEVERITIES, Vulnerability, parse_report
from fairlead.image.scan.inventory import LARGEST, SCHEMA, Contents, Inventory, pack, plan_inventory, unpack

words = st.sampled_from(["bash", "curl", "zlib"])
versions = st.sampled_from(["1", "2"])
ids = st.sampled_from(["CVE-1", "CVE-2", "CVE-3"])


@st.composite
def contents(draw: st.DrawFn) -> Contents:
    """What a scanner can see: a vulnerability is one of a package that is there."""
    packages = draw(st.frozensets(st.tuples(words, versions), max_size=5))
    found = set()
    for package, version in sorted(packages):
        for one in draw(st.frozensets(ids, max_size=2)):
            found.add(Vulnerability(one, package, version, "", draw(st.sampled_from(SEVERITIES))))
    return Contents(draw(st.integers(0, 10**12)), packages, frozenset(found))


times = st.sampled_from(["", "2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z"])
platforms = st.sampled_from(["linux/amd64", "linux/arm64"])
inventories = st.builds(Inventory, st.dictionaries(platforms, contents(), max_size=2), times)


@given(inventories)
def test_what_is_kept_is_read_again_and_the_same_is_the_same_bytes(inventory: Inventory) -> None:
    assert unpack(pack(inventory)) == inventory
    assert pack(unpack(pack(inventory))) == pack(inventory)


@given(inventories)
def test_nothing_changes_against_itself(inventory: Inventory) -> None:
    found = compare(inventory, inventory, 20)
    assert [found[kind]["count"] for kind in ("packages", *KINDS)] == [0] * 5
    assert sentence(found) == "no packages changed; vulnerabilities: none new, none fixed"


@given(contents(), contents())
def test_every_vulnerability_that_came_or_went_is_told_once_and_rightly(
    before: Contents, after: Contents
) -> None:
    platform = "linux/amd64"
    found = compare(Inventory({platform: before}), Inventory({platform: after}), 1000)
    old, new = ({(one.id, one.package) for one in side.vulnerabilities} for side in (before, after))
    told = {kind: {(one["id"], one["package"]) for one in found[kind]["listed"]} for kind in KINDS}
    assert told["new"] | told["disclosed"] == new - old
    assert told["fixed"] | told["withdrawn"] == old - new
    assert not told["new"] & told["disclosed"]
    assert not told["fixed"] & told["withdrawn"]
    # Never called new where the very package was there before; never fixed where it still is.
    for kind, other in (("new", before), ("fixed", after)):
        assert all((one["package"], one["version"]) not in other.packages for one in found[kind]["listed"])
    severities = [SEVERITIES.index(one["severity"]) for one in found["new"]["listed"]]
    assert severities == sorted(severities, reverse=True)
    names = {name for name, _ in before.packages ^ after.packages}
    assert {one["package"] for one in found["packages"]["listed"]} == names


@given(contents(), contents())
def test_who_goes_back_is_told_by_the_newer_scan_too(older: Contents, newer: Contents) -> None:
    """What came goes, and what went comes back; what only the newer scan knew of both is not gone by going back."""
    old = Inventory({"linux/amd64": older}, "2026-11-28T00:00:00Z")
    new = Inventory({"linux/amd64": newer}, "2026-11-29T00:00:00Z")
    there, back = compare(old, new, 1000), compare(new, old, 1000)
    assert [back[kind] for kind in ("new", "fixed", "disclosed", "withdrawn")] == [
        there[kind] for kind in ("fixed", "new", "disclosed", "withdrawn")
    ]
    versions = [(one["package"], one["after"], one["before"]) for one in there["packages"]["listed"]]
    assert [(one["package"], one["before"], one["after"]) for one in back["packages"]["listed"]] == versions
    assert back["sizes"] == ({"linux/amd64": newer.size} if newer.size else {})


def test_what_is_so_on_one_platform_only_says_on_which() -> None:
    flaw = Vulnerability("CVE-1", "bash", "1", "2", "HIGH")
    clean, leaky = (
        Contents(1, frozenset({("bash", "2")}), frozenset()),
        Contents(1, frozenset({("bash", "1")}), frozenset({flaw})),
    )
    before = Inventory({"linux/amd64": leaky, "linux/arm64": leaky, "linux/riscv64": leaky})
    found = compare(before, Inventory({"linux/amd64": leaky, "linux/arm64": clean}), 20)
    assert found["platforms"] == ["linux/amd64", "linux/arm64"]
    assert found["fixed"]["listed"][0]["platforms"] == ["linux/arm64"]
    assert sentence(found) == "1 package changed; vulnerabilities: 1 fixed (HIGH)"
    both = compare(before, Inventory({"linux/amd64": clean, "linux/arm64": clean}), 20)
    assert both["fixed"]["listed"][0]["platforms"] == []


def test_of_very_much_the_worst_is_listed_and_all_is_counted() -> None:
    many = frozenset(
        Vulnerability(f"CVE-{number}", "bash", "2", "", SEVERITIES[number % 5]) for number in range(1000)
    )
    after = Contents(1, frozenset({("bash", "2")}), many)
    before = Contents(1, frozenset({("bash", "1")}), frozenset())
    found = compare(Inventory({"p": before}), Inventory({"p": after}), 20)["new"]
    assert (found["count"], len(found["listed"])) == (1000, 20)
    assert {one["severity"] for one in found["listed"]} == {"CRITICAL"}
    assert found["severities"] == dict.fromkeys(reversed(SEVERITIES), 200)


def test_of_very_many_versions_of_a_package_some_are_listed() -> None:
    many = Contents(1, frozenset(("lodash", f"4.{number:03}") for number in range(500)), frozenset())
    none = Contents(1, frozenset(), frozenset())
    (told,) = compare(Inventory({"p": many}), Inventory({"p": none}), 20)["packages"]["listed"]
    assert told["before"] == [*(f"4.{number:03}" for number in range(10)), "490 more"]


def test_a_version_is_written_as_that_of_a_vulnerable_package() -> None:
    """Else none would be known to be the same: Trivy gives packages in parts, and what it found as one text."""
    package = {"Name": "bash", "Version": "5.2", "Release": "1", "Epoch": 3}
    flaw = {"VulnerabilityID": "CVE-1", "PkgName": "bash", "InstalledVersion": "3:5.2-1", "Severity": "LOW"}
    raw = {
        "SchemaVersion": 2,
        "Metadata": {},
        "Results": [
            {"Class": "os-pkgs", "Packages": [package, {"Name": "tzdata"}], "Vulnerabilities": [flaw]},
            {"Class": "lang-pkgs", "Type": "npm", "Packages": [{"Name": "@a/b", "Version": "1.0"}]},
        ],
    }
    report = parse_report(json.dumps(raw))
    assert report.packages == {("bash", "3:5.2-1"), ("tzdata", ""), ("@a/b", "1.0")}
    found = plan_inventory({"linux/amd64": report}, {"linux/amd64": 7}, "").platforms["linux/amd64"]
    assert (found.size, found.packages) == (7, report.packages)
    assert {(one.package, one.installed) for one in found.vulnerabilities} <= found.packages


def packed(value: Any) -> bytes:
    return gzip.compress(json.dumps(value).encode())


def one_platform(**parts: Any) -> bytes:
    whole = {"size": 1, "packages": [["bash", "1"]], "vulnerabilities": [["CVE-1", "bash", "1", "", "LOW"]]}
    return packed({"schema": SCHEMA, "database": "", "platforms": {"linux/amd64": {**whole, **parts}}})


BAD_PACKAGES: tuple[Any, ...] = (
    {},
    ["bash"],
    [["bash"]],
    [["bash", 1]],
    [["x" * 400, "1"]],
    [["x\ud800", "1"]],
)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"rubbish",
        gzip.compress(b"[]"),
        gzip.compress(b"\xff"),
        gzip.compress(b" " * (LARGEST_DOCUMENT + 1)),
        b" " * (LARGEST + 1),
        packed({"schema": "fairlead.inventory/v2", "platforms": {}}),
        packed({"schema": SCHEMA, "database": "", "platforms": []}),
        *(packed({"schema": SCHEMA, "database": one, "platforms": {}}) for one in (None, 5, "x" * 400)),
        packed({"schema": SCHEMA, "platforms": {str(number): {} for number in range(30)}}),
        packed({"schema": SCHEMA, "platforms": {"linux/amd64": []}}),
        packed({"schema": SCHEMA, "platforms": {"x" * 400: {}}}),
        *(one_platform(size=size) for size in (-1, (1 << 50) + 1, 10**4000, True, "1", None, 1.5)),
        *(one_platform(packages=one) for one in BAD_PACKAGES),
        *(one_platform(vulnerabilities=one) for one in (None, [["CVE-1"]], [[{}, "b", "1", "", "LOW"]])),
        one_platform()[:-12],
    ],
)
def test_what_is_no_inventory_is_refused(data: bytes) -> None:
    with pytest.raises(UnfitError):
        unpack(data)


def test_a_small_file_cannot_become_a_large_one() -> None:
    """Whatever it would unpack to, no more than the limit ever is."""
    bomb = gzip.compress(b"a" * (64 << 20))
    tracemalloc.start()
    with pytest.raises(UnfitError, match="larger than 4 MiB"):
        unpack(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * LARGEST_DOCUMENT


def test_a_severity_that_nobody_knows_is_unknown() -> None:
    found = unpack(one_platform(vulnerabilities=[["CVE-1", "bash", "1", "", "<b>"]]))
    (one,) = found.platforms["linux/amd64"].vulnerabilities
    assert one.severity == "UNKNOWN"


def test_what_is_longer_than_is_read_is_cut_when_it_is_kept() -> None:
    long = "x" * 5_000
    flaw = {"VulnerabilityID": long, "PkgName": long, "Severity": "LOW"}
    result = {"Class": "os-pkgs", "Packages": [{"Name": long}], "Vulnerabilities": [flaw]}
    report = parse_report(json.dumps({"SchemaVersion": 2, "Metadata": {}, "Results": [result]}))
    (found,) = unpack(pack(plan_inventory({"linux/amd64": report}, {}, ""))).platforms.values()
    assert {len(name) for name, _ in found.packages} == {300}
