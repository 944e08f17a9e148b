"""Every image of a release by digest: ours as they were published, others' as their tags point now, or as they run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.errors import InputError
from fairlead.host.wire.machine import own_platform
from fairlead.host.wire.status import RunningService
from fairlead.parallel import each
from fairlead.settings.values import Settings

if TYPE_CHECKING:
    from fairlead.app.split import Pin
    from fairlead.host.wire.status import StateAnswer
    from fairlead.image.documents import PublishDocument
    from fairlead.image.registry.client import Resolved

    Resolve = Callable[[str], Resolved]
    """What a reference points to now: asks the registry."""

PUBLISHED_VARIABLE = "FAIRLEAD_PUBLISHED"
_SIDE_BY_SIDE = 8
_UNBUILT = f"sha256:{'0' * 64}"


def read_publish(work_dir: Path, app: str, revision: str, given: str = "") -> PublishDocument | None:
    """What was published for this very commit of this app: as another job hands it on, or from ``publish.json``.

    Args:
        work_dir: where ``publish.json`` may lie.
        app: the app.
        revision: the commit.
        given: the text of another job's ``publish.json``, in ``FAIRLEAD_PUBLISHED``; empty where there is none.

    Raises:
        InputError: it is there, and damaged; or what is given is about another app or commit.
    """
    from fairlead.image.documents import PUBLISH_NAME, load_publish, parse_publish

    if given:
        document = parse_publish(given, PUBLISHED_VARIABLE)
        if (document.app, document.revision) != (app, revision):
            raise InputError(
                f"{PUBLISHED_VARIABLE} is about {document.app} at {document.revision[:12]}, and not about {app} at {revision[:12]}",
                fix="check out the commit in this job that the job before it has published",
            )
        return document
    if not (work_dir / PUBLISH_NAME).exists():
        return None
    document = load_publish(work_dir)
    return document if (document.app, document.revision) == (app, revision) else None


def resolve_own(
    settings: Settings, names: Sequence[str], tag: str, published: PublishDocument | None, resolve: Resolve
) -> dict[str, Pin]:
    """The images of ours: what ``publish.json`` says, else what the registry has under the commit's tag.

    Raises:
        InputError: an image of the commit was never published.
        CommandFailedError: what is there is not in the form that images of ours have.
    """
    from fairlead.app.split import Pin

    known = published.images if published is not None else {}
    pins = {
        name: Pin(known[name].repository, known[name].digest, known[name].platforms, sizes=known[name].sizes)
        for name in names
        if name in known
    }
    references = {name: f"{settings.repository_of(name)}:{tag}" for name in names if name not in pins}
    try:
        found = _resolve_all(references.values(), resolve)
    except InputError as error:
        raise _unpublished(tag, error) from error
    for name, reference in references.items():
        image = found[reference]
        pins[name] = Pin(settings.repository_of(name), image.digest, image.platforms_of_ours())
    return pins


def resolve_foreign(references: Iterable[str], running: Iterable[str], resolve: Resolve) -> dict[str, str]:
    """Others' images pinned: reference -> ``reference@sha256:…``; one that carries a digest already stays as it is.

    Args:
        references: as the compose files write them.
        running: the pinned images of the release that serves. A tag that moved upstream is no reason to
            recreate a database: what runs under the same reference is kept.
        resolve: asks the registry.
    """
    kept = {image.partition("@")[0]: image for image in running if "@" in image}
    open_ones = [reference for reference in dict.fromkeys(references) if "@" not in reference]
    asked = [reference for reference in open_ones if reference not in kept]
    found = _resolve_all(asked, resolve)
    return {
        reference: kept.get(reference) or f"{reference}@{found[reference].digest}" for reference in open_ones
    }


def running_images(state: StateAnswer) -> tuple[str, ...]:
    """The pinned images of the release that serves, from the agent's ``state``."""
    return tuple(service.image for service in state.services)


def foresee_own(settings: Settings, names: Sequence[str], state: StateAnswer) -> dict[str, Pin]:
    """Stand-ins for images that are still to be built: what runs of them, so that nothing looks changed which may not be."""
    from fairlead.app.split import Pin

    running = {service.image.partition("@")[0]: service for service in state.services if "@" in service.image}
    pins = {}
    for name in names:
        repository = settings.repository_of(name)
        found = running.get(repository, RunningService())
        digest = found.image.partition("@")[2] or _UNBUILT
        platforms = settings.platforms or (own_platform(),)
        pins[name] = Pin(repository, digest, found.platforms or dict.fromkeys(platforms, _UNBUILT))
    return pins


def _unpublished(tag: str, cause: InputError) -> InputError:
    return InputError(
        f"the images of {tag} are not published",
        why=cause.what,
        fix="`fairlead ship` builds, scans and publishes first; or check out a commit that was published",
    )


def _resolve_all(references: Iterable[str], resolve: Resolve) -> dict[str, Resolved]:
    asked = tuple(references)
    return dict(zip(asked, each(resolve, asked, at_once=_SIDE_BY_SIDE, fail_fast=True), strict=True))
