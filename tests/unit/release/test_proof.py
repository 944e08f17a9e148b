"""One digest from build to running, or which link cannot be shown, or which contradicts."""

from __future__ import annotations

from typing import Any

from fairlead.host.wire.answer import parse_answer
from fairlead.host.wire.status import StateAnswer
from fairlead.image.documents import BuildDocument, BuiltImage, Reason, ScanDocument, ScannedImage
from fairlead.release.proof import Link, Proof, plan_proofs, proof_notes, proof_rows

SHA, DIGEST, OTHER = "1a" * 20, "sha256:" + "a" * 64, "sha256:" + "b" * 64
REPOSITORIES = {"web": "ghcr.io/acme/board/web", "unused": "ghcr.io/acme/board/unused"}


def _state(running: str | None = DIGEST, digest: str = DIGEST) -> dict[str, Any]:
    service = {"service": "web", "role": "app", "image": f"ghcr.io/acme/board/web@{digest}", "digest": digest}
    job = {**service, "service": "migrate", "role": "job", "running_digest": None}
    return {"revision": SHA, "services": [{**service, "running_digest": running}, job]}


def _build(revision: str = SHA, digest: str = DIGEST) -> BuildDocument:
    image = BuiltImage(repository="r", layout="l", digest=digest, platforms={}, emulated=())
    return BuildDocument(
        app="board",
        revision=revision,
        revision_time=1,
        dirty_files=(),
        branch=None,
        git_tags=(),
        created_at="",
        images={"web": image},
    )


def _scan(*reasons: Reason) -> ScanDocument:
    return ScanDocument(
        policy="p",
        scanned_at="",
        scanner="trivy",
        scanner_version="",
        database_updated_at=None,
        database_source="",
        warnings=(),
        images={"web": ScannedImage(digest=DIGEST, reasons=reasons, platforms={})},
    )


def _prove(
    state: dict[str, Any], build: BuildDocument | None, scan: ScanDocument | None, link: Link
) -> Proof:
    (proof, *_) = plan_proofs(
        parse_answer(StateAnswer, state), REPOSITORIES, build, scan, {("web", SHA): link}
    )
    return proof


def test_one_digest_all_along_is_proof() -> None:
    proof = _prove(_state(), _build(), _scan(), Link(DIGEST))
    assert proof.holds
    assert proof.complete
    assert proof_rows([proof]) == [("web", "a" * 12, "a" * 12, "a" * 12, "a" * 12, "one digest")]
    assert proof_notes([proof]) == []


def test_a_service_that_was_left_behind_says_nothing_of_this_commit() -> None:
    """`--only` leaves it at an older one, and its digest is that one's."""
    state = _state()
    state["services"][0]["revision"] = SHA
    state["services"].append(
        {**state["services"][0], "service": "api", "revision": "2b" * 20, "digest": OTHER}
    )
    assert _prove(state, _build(), _scan(), Link(DIGEST)).complete


def test_what_is_of_an_older_commit_has_a_chain_of_its_own() -> None:
    """An image that is unchanged since is not made again for each commit: the digest that runs is the one of its own."""
    state = _state()
    state["services"].append({**state["services"][0], "service": "sqlite", "revision": "2b" * 20})
    older = {("web", SHA): Link(DIGEST), ("web", "2b" * 20): Link(DIGEST)}
    answer = parse_answer(StateAnswer, state)
    _, proof = plan_proofs(answer, REPOSITORIES, _build(), _scan(), older)
    assert (proof.image, proof.holds) == (f"web of {'2b' * 6}", True)
    assert (proof.links["published"].digest, proof.links["running"].digest) == (DIGEST, DIGEST)
    assert proof.links["built"].note == f"there is no build.json of the commit {'2b' * 6}"
    (_, proof) = plan_proofs(
        answer, REPOSITORIES, _build(), _scan(), {**older, ("web", "2b" * 20): Link(OTHER)}
    )
    assert not proof.holds


def test_a_link_that_cannot_be_shown_is_named_and_is_no_contradiction() -> None:
    proof = _prove(_state(), _build(revision="f" * 40), _scan(), Link(None, "the registry does not answer"))
    assert proof.holds
    assert not proof.complete
    assert proof_notes([proof]) == [
        f"built cannot be shown here: there is no build.json of the commit {SHA[:12]}",
        "published cannot be shown here: the registry does not answer",
        f"scanned cannot be shown here: there is no scan.json of the commit {SHA[:12]}",
    ]


def test_a_tag_that_names_another_image_contradicts() -> None:
    proof = _prove(_state(), _build(), _scan(), Link(OTHER))
    assert not proof.holds
    assert proof_rows([proof])[0][-1] == "CONTRADICTION"


def test_a_container_that_runs_another_image_contradicts() -> None:
    proof = _prove(_state(running=OTHER), _build(), _scan(), Link(DIGEST))
    assert not proof.holds
    assert proof_notes([proof]) == ["web: not running: web runs another image than the release says"]


def test_a_refused_scan_contradicts_though_the_digest_is_the_same() -> None:
    reason = Reason(code="vulnerability", platform="linux/amd64", message="CVE")
    assert not _prove(_state(), _build(), _scan(reason), Link(DIGEST)).holds


def test_nothing_running_is_not_taken_for_proof() -> None:
    proof = _prove(_state(running=None), _build(), _scan(), Link(DIGEST))
    assert proof.holds
    assert not proof.complete
    assert proof.links["running"].note == "no container of it runs"
