"""One digest from build to running: built = scanned = published = running, link by link. Pure.

A link that cannot be shown from here (no document of that commit, a registry that does not answer) says so.
It is neither taken for proof nor for a contradiction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairlead.host.wire.status import RunningService, StateAnswer
    from fairlead.image.documents import BuildDocument, ScanDocument

LINKS = ("built", "scanned", "published", "running")


@dataclass(frozen=True)
class Link:
    """One link: the digest, or None and why it cannot be shown. ``broken`` says what is wrong though it can be."""

    digest: str | None
    note: str = ""
    broken: str = ""


@dataclass(frozen=True)
class Proof:
    """The chain of one image of ours, by the names in ``LINKS``."""

    image: str
    links: Mapping[str, Link]

    @property
    def digests(self) -> frozenset[str]:
        return frozenset(link.digest for link in self.links.values() if link.digest)

    @property
    def holds(self) -> bool:
        """Nothing contradicts: all digests that can be shown are one, and none is broken."""
        return len(self.digests) <= 1 and not any(link.broken for link in self.links.values())

    @property
    def complete(self) -> bool:
        """Every link can be shown."""
        return self.holds and all(link.digest for link in self.links.values())

    def to_json(self) -> dict[str, Any]:
        return {
            "image": self.image,
            "holds": self.holds,
            "complete": self.complete,
            **{
                name: {"digest": link.digest, "note": link.note, "broken": link.broken}
                for name, link in self.links.items()
            },
        }


def plan_proofs(
    state: StateAnswer,
    repositories: Mapping[str, str],
    build: BuildDocument | None,
    scan: ScanDocument | None,
    published: Mapping[tuple[str, str], Link],
) -> tuple[Proof, ...]:
    """The chain of each image of ours that the serving release runs: one for each commit that services run it of.

    Args:
        state: the agent's ``state``.
        repositories: our images by name, to tell them from others'.
        build: ``build.json``, whatever commit it is about.
        scan: ``scan.json``.
        published: what the registry has under a commit's tag, by image and commit: of ``plan_links``.
    """
    serving = state.revision or ""
    return tuple(
        Proof(
            name if revision == serving else f"{name} of {revision[:12]}",
            {
                "built": _built(name, revision, build),
                "scanned": _scanned(name, revision, build, scan),
                "published": published.get((name, revision), Link(None, "the registry was not asked")),
                "running": _running(_services_of(state, repositories[name], revision)),
            },
        )
        for name, revision in plan_links(state, repositories)
    )


def plan_links(state: StateAnswer, repositories: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Each image of ours that runs, with the commit that it is of: what was unchanged since, or left behind, has its own."""
    serving = state.revision or ""
    found = {
        (name, service.revision or serving)
        for name, repository in repositories.items()
        for service in state.services
        if service.image.partition("@")[0] == repository
    }
    names = list(repositories)
    return tuple(sorted(found, key=lambda one: (names.index(one[0]), one[1] != serving, one[1])))


def proof_rows(proofs: Sequence[Proof]) -> list[tuple[str, ...]]:
    """One row an image: its links as short digests, and what it comes to."""
    return [(proof.image, *(_cell(proof.links[name]) for name in LINKS), _verdict(proof)) for proof in proofs]


def proof_notes(proofs: Sequence[Proof]) -> list[str]:
    """What cannot be shown, and what contradicts, each once."""
    notes = {
        f"{proof.image}: not {name}: {link.broken}"
        if link.broken
        else f"{name} cannot be shown here: {link.note}"
        for proof in proofs
        for name, link in proof.links.items()
        if link.broken or not link.digest
    }
    return sorted(notes)


def _services_of(state: StateAnswer, repository: str, revision: str) -> list[RunningService]:
    """The services of a commit: one that runs an older one than the release says so itself."""
    serving = state.revision or ""
    return [
        service
        for service in state.services
        if service.image.partition("@")[0] == repository and (service.revision or serving) == revision
    ]


def _built(name: str, revision: str, build: BuildDocument | None) -> Link:
    if build is None or build.revision != revision or name not in build.images:
        return Link(None, f"there is no build.json of the commit {revision[:12]}")
    return Link(build.images[name].digest, broken="the tree was not clean" if build.dirty else "")


def _scanned(name: str, revision: str, build: BuildDocument | None, scan: ScanDocument | None) -> Link:
    # A scan names digests, not commits: it is about this commit if it is about this build.
    if scan is None or build is None or build.revision != revision or name not in scan.images:
        return Link(None, f"there is no scan.json of the commit {revision[:12]}")
    image = scan.images[name]
    return Link(image.digest, broken="the scan refuses it" if image.verdict != "pass" else "")


def _running(services: Sequence[RunningService]) -> Link:
    lasting = [service for service in services if service.role != "job"]
    wanted = {str(service.digest) for service in services}
    odd = [service for service in lasting if service.running_digest not in {service.digest, None}]
    if odd:
        return Link(
            str(odd[0].running_digest),
            broken=f"{odd[0].service} runs another image than the release says",
        )
    if not any(service.running_digest for service in lasting) and lasting:
        return Link(None, "no container of it runs")
    return Link(next(iter(wanted)), broken="" if len(wanted) == 1 else "its services run different digests")


def _cell(link: Link) -> str:
    return (link.digest or "?").replace("sha256:", "")[:12] + (" !" if link.broken else "")


def _verdict(proof: Proof) -> str:
    if not proof.holds:
        return "CONTRADICTION"
    return "one digest" if proof.complete else "one digest, as far as can be shown"
