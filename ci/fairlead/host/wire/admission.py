"""What a release has to prove that a client sends: a verdict that passes, and hashes of what it runs.

A bundle that lies here already was taken by the measure of its time, and is not asked again.
"""

from __future__ import annotations

from .fields import Faults, Fields
from .names import DIGEST
from .release import Release, service_hash


def require_verdict(release: Release) -> None:
    """Refuse a release that nobody judged, or whose compose files did not pass.

    Raises:
        InputFault: there is no verdict that passes.
    """
    faults = Faults()
    verdict = Fields(release.document, "release", faults).fields("verdict")
    counts = verdict.fields("counts")
    verdict.name("fingerprint", DIGEST)
    verdict.text("tool", 100)
    verdict.integer("at", 0, 1 << 40)
    if not verdict.flag("passed") or counts.integer("error", 0, 1 << 30):
        verdict.fault("passed", "is not true")
    faults.raise_if_any(
        "the release has no verdict on its compose files that passes",
        "deploy with `fairlead deploy`: it validates first; `fairlead validate` shows what is wrong",
    )


def require_hashes(release: Release) -> None:
    """Refuse a release with a service whose ``hash`` is not what it runs.

    By it a service is kept, carried over, or a job taken for done: with the one of a later release, something else would
    stay in its place.

    Raises:
        InputFault: there is one.
    """
    faults = Faults()
    for name, raw in release.document["services"].items():
        secrets = {} if raw["role"] == "job" else release.secrets
        if raw["hash"] != service_hash(raw["definition"], raw.get("mounts") or (), secrets):
            faults.add(f"services.{name}.hash", "is not that of its definition, mounts and secrets")
    faults.raise_if_any(
        "the release has a service that is not what its hash says",
        "deploy with the client that this agent came with",
    )
