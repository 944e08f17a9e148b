"""Which images run: under a name that stays what it was, from a registry that is known, made before the deploy."""

from __future__ import annotations

from fairlead.judge.policy.fault import Fault
from fairlead.judge.policy.rule import service_rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairlead.judge.policy.subject import View

_FLOATING = frozenset(
    {"latest", "stable", "main", "master", "mainline", "edge", "nightly", "dev", "develop", "devel", "canary"}
    | {"next", "rolling", "snapshot", "current", "lts", "trunk", "head", "unstable", "testing", "preview"}
)
# Releases of distributions that are told by name: such a tag says which one it is.
_CODENAMES = frozenset(
    {"buster", "bullseye", "bookworm", "trixie", "forky", "focal", "jammy", "noble", "resolute", "bionic"}
)
_HEX = frozenset("0123456789abcdef")


class Reference:
    """An image reference as Docker reads it.

    Attributes:
        registry: the host, ``docker.io`` where none is written.
        repository: the path on it; official images are below ``library/``.
        tag: empty where none is written.
        digest: ``sha256:…``, or empty.
    """

    __slots__ = ("digest", "registry", "repository", "tag")

    def __init__(self, registry: str, repository: str, tag: str, digest: str) -> None:
        self.registry = registry
        self.repository = repository
        self.tag = tag
        self.digest = digest

    @property
    def is_pinned(self) -> bool:
        """Whether the digest is a whole one, so that nobody can put another image in its place."""
        algorithm, _, value = self.digest.partition(":")
        return len(value) == {"sha256": 64, "sha512": 128}.get(algorithm) and _HEX.issuperset(value)

    @property
    def name(self) -> str:
        """Registry and repository, as it is compared with what is allowed."""
        return f"{self.registry}/{self.repository}"


def parse_reference(text: str) -> Reference:
    """The parts of an image reference: in ``host:5000/app`` the port is no tag."""
    name, _, digest = text.partition("@")
    head, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        head, tag = name, ""
    first, slash, rest = head.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        registry = "docker.io" if first in {"index.docker.io", "registry-1.docker.io"} else first
        repository = rest
    else:
        registry, repository = "docker.io", head
    if registry == "docker.io" and "/" not in repository:
        repository = f"library/{repository}"
    return Reference(registry, repository, tag, digest)


def is_commit(tag: str) -> bool:
    """Whether a tag holds a full commit id: ``sha-<40 hex>``, or 64 of a SHA-256 repository."""
    return any(
        len(part) in {40, 64} and _HEX.issuperset(part)
        for part in tag.replace("-", " ").replace("_", " ").replace(".", " ").split()
    )


@service_rule("floating-tag")
def floating_tag(view: View) -> Iterator[Fault]:
    """A tag that moves by itself."""
    text = view.service.reference
    if not text or "$" in text or view.is_own:
        return
    reference = parse_reference(text)
    if reference.digest or text.endswith((":", "/")):
        return
    path = view.at("image")
    if not reference.tag:
        what = f"{text} has no tag, so it is whatever `latest` points to when it is pulled"
        yield Fault(path, what, f"name a version and its digest: {text}:<version>@sha256:<digest>")
    elif _floats(reference.tag):
        what = f"the tag {reference.tag} moves: the next pull may bring another version"
        untagged = text.removesuffix(f":{reference.tag}")
        yield Fault(path, what, f"name a version and its digest: {untagged}:<version>@sha256:<digest>")


def _floats(tag: str) -> bool:
    words = tag.lower().replace("-", " ").replace("_", " ").replace(".", " ").split()
    if not words or words[0] in _FLOATING:
        return True
    names_none = not any(letter.isdigit() for letter in tag) and not _CODENAMES.intersection(words)
    return names_none and not (len(tag) >= 7 and _HEX.issuperset(tag))


@service_rule("own-image-not-by-commit")
def own_image_not_by_commit(view: View) -> Iterator[Fault]:
    """An image of this repository under a name that does not tell its commit."""
    text = view.service.reference
    if not text or not view.is_own:
        return
    reference = parse_reference(text)
    if reference.digest:
        return
    path, written = view.at("image"), _tag_of(view.written("image"))
    if "$" not in written:
        if not is_commit(reference.tag):
            shown = f"the tag {reference.tag}" if reference.tag else "no tag"
            what = f"an image of this repository with {shown}: nothing tells which commit it is"
            fix = "let an unset tag fail: ${FAIRLEAD_REGISTRY:?}/NAME:${FAIRLEAD_TAG:?}"
            yield Fault(path, what, fix)
    elif not _is_demanded(written):
        what = f"{written} may be unset, and then it is another image than this commit's"
        yield Fault(path, what, "write ${NAME:?} for the variable of the tag, so that an unset one fails")
    elif reference.tag and "$" not in text and not is_commit(reference.tag):
        what = f"the tag is {reference.tag} here, which is no full commit id"
        yield Fault(path, what, "tag images by their commit: sha-<40 hex>")


def _tag_of(written: str) -> str:
    """The part of a reference, as it is written with its variables, that gives the tag; all of it if none is apart."""
    depth = 0
    for index in range(len(written) - 1, -1, -1):
        letter = written[index]
        depth += (letter == "}") - (letter == "{")
        if depth == 0 and letter == "/":
            last = written[index + 1 :]
            return last if "$" in last else ""
        if depth == 0 and letter == ":":
            return written[index + 1 :]
    return written


def _is_demanded(written: str) -> bool:
    """Whether some variable of a text fails when it is not set: ``${NAME:?}``, ``${NAME?why}``."""
    for piece in written.split("${")[1:]:
        name = piece.partition("}")[0]
        end = next((index for index, letter in enumerate(name) if not (letter.isalnum() or letter == "_")), 0)
        if name[end:].startswith((":?", "?")):
            return True
    return False


@service_rule("unpinned-image")
def unpinned_image(view: View) -> Iterator[Fault]:
    """An image of others without a digest."""
    text = view.service.reference
    policy = view.subject.policy
    if not text or "$" in text or view.is_own or (policy.pins_at_deploy and view.subject.deployed):
        return
    reference = parse_reference(text)
    path = view.at("image")
    if not reference.is_pinned:
        shown = text.partition("@")[0]
        if not reference.tag:
            shown += ":<version>"
        what = f"{text} is not pinned: whoever may push there can change what runs here"
        fix = f"write {shown}@sha256:<digest>; `docker buildx imagetools inspect {shown}` prints it"
        yield Fault(path, what, fix)
    elif not reference.tag:
        what = "a digest without a tag: nobody can tell the version, and no updater can follow it"
        fix = f"write the tag before it: {text.partition('@')[0]}:<version>@{reference.digest[:14]}…"
        yield Fault(path, what, fix, severity="warning")


@service_rule("unknown-registry")
def unknown_registry(view: View) -> Iterator[Fault]:
    """An image from a registry that is not among those allowed."""
    text = view.service.reference
    if not text or "$" in text or view.is_own:
        return
    reference = parse_reference(text)
    allowed = view.subject.policy.registries
    if any(
        reference.name.startswith(f"{entry.rstrip('/')}/") or reference.name == entry for entry in allowed
    ):
        return
    what = f"{reference.name} comes from a registry that is not among those allowed"
    fix = f"take it from one that is, or add {reference.registry} to validate.registries in fairlead.yaml"
    yield Fault(view.at("image"), what, fix)


@service_rule("build-in-production")
def build_in_production(view: View) -> Iterator[Fault]:
    """A server that builds, or that asks a registry about an image which can't change."""
    text = view.service.reference
    if "build" in view.definition and not view.service.image and not text:
        what = "it is built where it runs: no scan, no provenance, nothing to go back to"
        fix = "name the image that the pipeline publishes: image: <registry>/NAME:${TAG:?}"
        yield Fault(view.at("build"), what, fix, key=True)
    policy = view.text("pull_policy")
    if policy == "build":
        what = "pull_policy: build builds on the server, whatever was published"
        yield Fault(view.at("pull_policy"), what, "remove it: what is missing is pulled by default")
    elif policy in {"always", "daily", "weekly"} or policy.startswith("every_"):
        reference = parse_reference(text)
        if reference.digest or is_commit(reference.tag):
            what = f"pull_policy: {policy} asks the registry about an image that can't change"
            fix = "remove it, so that the service also starts while the registry is down"
            yield Fault(view.at("pull_policy"), what, fix)
