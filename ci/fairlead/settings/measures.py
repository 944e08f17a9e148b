"""What fairlead.yaml says of how files and images are judged: rules, capabilities, combinations, accepted vulnerabilities."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from fairlead.findings import Finding
from fairlead.nearest import did_you_mean
from fairlead.positions import Document
from fairlead.settings.look import entries, fault, is_file, items, neighbour, part


def severity_findings(document: Document) -> Iterator[Finding]:
    """Rules whose severity is chosen: each must exist, and be one that a file may break and still work."""
    chosen = entries(part(document, "validate"), "severity")
    if not chosen:
        return
    # All rules come along: only for who chooses among them, not for who rolls back.
    from fairlead.judge.policy.grades import GRADES
    from fairlead.judge.policy.rule import is_fixed

    for rule, _ in chosen:
        path = ("validate", "severity", rule)
        if rule not in GRADES:
            fix = did_you_mean(str(rule), (name for name in GRADES if not is_fixed(name)))
            yield fault(document, path, f"there is no rule {rule}", fix, key=True)
        elif is_fixed(rule):
            what = f"the severity of {rule} can't be chosen: the files do not work, or can't be judged"
            yield fault(document, path, what, key=True)


def capability_findings(document: Document) -> Iterator[Finding]:
    """Capabilities that a role may have: one that leads out of the container needs a waiver with its reason."""
    allowed = entries(part(document, "validate"), "capabilities")
    if not allowed:
        return
    from fairlead.judge.policy.privilege import DANGEROUS, normal_capability

    for role, names in allowed:
        for index, name in enumerate(names if isinstance(names, list) else ()):
            if normal_capability(str(name)) in DANGEROUS:
                path = ("validate", "capabilities", role, index)
                what = f"{name} leads out of the container: no list allows it"
                fix = "waive dangerous-capability beside the service, with the reason"
                yield fault(document, path, what, fix)


def combination_findings(document: Document, root: Path) -> Iterator[Finding]:
    """Files of combinations that are not there."""
    for name, combination in entries(part(document, "validate"), "combinations"):
        for index, file in enumerate(items(combination, "compose")):
            if isinstance(file, str) and file and not is_file(root / file):
                path = ("validate", "combinations", name, "compose", index)
                yield fault(document, path, f"the compose file {file} is not there", neighbour(root / file))


def ignore_findings(document: Document) -> Iterator[Finding]:
    """Accepted vulnerabilities of images that are not there, or until a day that is none."""
    scan = document.value.get("scan")
    images = dict(entries(document.value, "images"))
    for index, entry in enumerate(items(scan if isinstance(scan, dict) else {}, "ignore")):
        if not isinstance(entry, dict):
            continue
        path = ("scan", "ignore", index)
        image = entry.get("image")
        if isinstance(image, str) and image not in images:
            yield fault(document, (*path, "image"), f"there is no image {image}", did_you_mean(image, images))
        until = entry.get("until")
        if isinstance(until, str) and len(until) == 10 and not _is_day(until):
            yield fault(document, (*path, "until"), f"{until} is not a day of the calendar")


def without_os_findings(document: Document) -> Iterator[Finding]:
    """Images without an operating system that are not there."""
    scan = document.value.get("scan")
    images = dict(entries(document.value, "images"))
    for index, image in enumerate(items(scan if isinstance(scan, dict) else {}, "allow_no_os")):
        if isinstance(image, str) and image not in images:
            path = ("scan", "allow_no_os", index)
            yield fault(document, path, f"there is no image {image}", did_you_mean(image, images))


def version_findings(document: Document) -> Iterator[Finding]:
    """A number may stand for a version, but not every number is one: ``1e5``."""
    path = ("validate", "compose")
    node = document.node(path)
    is_number = node is not None and type(node.value) in {int, float}
    if node is not None and is_number and not re.fullmatch(r"[0-9]{1,4}\.[0-9]{1,4}", node.text):
        yield fault(document, path, f"{node.text} is not a version such as 2.26")


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
