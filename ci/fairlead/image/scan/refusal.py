"""What a failing scan says: the images that are refused, and every reason once."""

from __future__ import annotations

from fairlead.errors import ScanRefusedError
from fairlead.findings import Finding
from fairlead.image.documents import ScanDocument

_FIXES = {
    "vulnerability": "take the fixed version or a newer base image, or accept it for a while: "
    "scan: {ignore: [{id: …, reason: …, until: …}]}",
    "database-missing": "let it be fetched, or name your own: TRIVY_DB_REPOSITORY",
    "database-old": "let a newer one be fetched, or allow more: scan: {database_max_age: …}",
    "end-of-life": "move to a newer base image",
    **dict.fromkeys(
        ("unknown-os-release", "unsupported-os", "unknown-language", "nothing-recognised"),
        "what is not looked up is not safe: take a base image or a database that is known, "
        "or accept it for a while: scan: {ignore: [{id: UNSCANNED-…, image: …, reason: …, until: …}]}",
    ),
}


def refusal(document: ScanDocument) -> ScanRefusedError | None:
    """The error of a scan in which an image fails; None if all pass.

    A reason that several platforms or images share is told once, with all of them.
    """
    refused = [name for name, image in document.images.items() if image.reasons]
    if not refused:
        return None
    places: dict[tuple[str, str], list[str]] = {}
    for name, image in document.images.items():
        for reason in image.reasons:
            place = f"{name} {reason.platform}".strip()
            places.setdefault((reason.code, reason.message), []).append(place)
    findings = tuple(
        Finding(f"{', '.join(found)}: {message}", rule=code) for (code, message), found in places.items()
    )
    codes = {code for code, _ in places}
    fixes = dict.fromkeys(fix for code, fix in _FIXES.items() if code in codes)
    return ScanRefusedError(
        f"the scan refuses {', '.join(refused)}",
        why=f"{len(findings)} {'reason' if len(findings) == 1 else 'reasons'} given",
        fix="; ".join(fixes),
        findings=findings,
    )
