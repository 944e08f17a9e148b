"""Whose an app is: every request names app, environment and repository, and they are held against what is here.

Two environments of one repository, or two repositories, may call an app by the same name. What one of them asks for must
not happen to the other: it is compared before anything else is done, at the door, and again under the app's lock, where
nobody else can make the app his meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from .errors import InputFault
from .frames import Frame
from .paths import RELEASE_ID, Paths, app_paths, list_apps
from .plainjson import parse_json
from .release import Release

OF_HOST = frozenset({"hello", "check"})
"""Requests that are about the host, and not about an app of it."""
_READING = frozenset({"state", "plan", "history", "logs", "attach"})
"""What a client may ask that is too old to name an environment: it changes nothing."""
_TAKING_OVER = frozenset({"state", "plan", "deploy", "repair", "order", "attach"})
"""What a deploy with ``--take-over`` asks for on its way."""
_MAX_SHOWN = 100


@dataclass(frozen=True)
class Owner:
    """Where an app comes from: repository and environment, and ``app``, what fairlead.yaml calls it.

    An empty text is nothing that is known, or nothing that was said.
    """

    source: str = ""
    environment: str = ""
    app: str = ""

    def to_json(self) -> dict[str, str]:
        """As the file ``origin`` has it; ``app`` only where the host calls it otherwise, as older agents expect."""
        told = {"source": self.source, "environment": self.environment}
        return {**told, "app": self.app} if self.app else told

    def __str__(self) -> str:
        return f"{_shown(self.environment) or 'unknown environment'} of {_shown(self.source) or 'an unknown repository'}"

    def is_same(self, other: Owner) -> bool:
        """Whether both are the same repository and environment, what is not known included."""
        return (self.environment, _plain(self.source)) == (other.environment, _plain(other.source))

    def accepts(self, other: Owner) -> bool:
        """Whether a request by ``other`` may mean this one's app; what one of them does not know is not compared.

        A clone whose remote has no web address names its registry instead: that is held against another registry only.
        """
        alike = _is_address(self.source) == _is_address(other.source)
        return all(
            not mine or not theirs or mine == theirs
            for mine, theirs in (
                (self.environment, other.environment),
                (_plain(self.source), _plain(other.source) if alike else ""),
            )
        )


def owner_of(release: Release) -> Owner:
    """Whose a release is."""
    app = release.configured_app
    return Owner(release.source, release.environment, app if app != release.app else "")


def read_owner(paths: Paths) -> Optional[Owner]:
    """Whose the app on this host is; None where nobody's release was ever here.

    The first commit writes it down. A state of an older version, or a first deploy that has not ended, is told by its
    releases, and an app that is half removed by what its removal has written.
    """
    return (
        parse_owner(read_record(paths.origin))
        or parse_owner(read_record(paths.removing).get("owner"))
        or next(_owners_of_releases(paths), None)
    )


def parse_owner(raw: object) -> Optional[Owner]:
    """The owner that a file tells of; None where it tells of none."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("environment"), str):
        return None
    return Owner(str(raw.get("source", "")), raw["environment"], str(raw.get("app", "")))


def find_namesakes(paths: Paths, release: Release) -> list[str]:
    """What else this very app and environment is called on this host."""
    wanted = (_plain(release.source), release.environment, release.configured_app)
    found = []
    for name in list_apps(paths.root):
        owner = read_owner(Paths(paths.root, name)) if name != paths.app else None
        if owner and (_plain(owner.source), owner.environment, owner.app or name) == wanted:
            found.append(name)
    return found


def refuse_stranger(root: Path, frame: Frame) -> None:
    """Let a request pass that is by the app's owner, or about an app that is nobody's yet.

    Raises:
        InputFault: the app is another environment's, or another repository's; or a client would change it that names none.
    """
    request, app = str(frame.get("request")), frame.get("app")
    release = frame.get("release")
    told = release if isinstance(release, Mapping) else {}
    app = told.get("app") if app is None else app
    if request in OF_HOST or not isinstance(app, str):
        return
    paths = app_paths(root, app)
    if request in _TAKING_OVER and _takes_over(frame):
        return
    claims = [_claim(frame.get("environment"), frame.get("repository"))] if "environment" in frame else []
    claims += [_claim(told.get("environment"), told.get("source"))] if told else []
    owner = read_owner(paths)
    if owner is None:
        return
    for claim in claims:
        if not owner.accepts(claim):
            raise explain_stranger(paths.app, owner, claim)
    if not claims and request not in _READING:
        raise InputFault(
            f"the request does not say which environment of {app} it means",
            why=f"the app {app} on this host is {owner}, and what a client changes it has to name: this one is too old",
            fix="use the same version of fairlead on both ends",
        )


def require_owner(paths: Paths, claim: Owner) -> None:
    """The same of a task, under the app's lock: while it waited, the app may have become another's.

    Raises:
        InputFault: it has.
    """
    owner = read_owner(paths)
    if owner is not None and not owner.accepts(claim):
        raise explain_stranger(paths.app, owner, claim)


def explain_stranger(app: str, owner: Owner, claim: Owner) -> InputFault:
    """What to tell who means another app of this name. Pure."""
    return InputFault(
        f"the app {app!r} on this host belongs to {owner}",
        why=f"this is for {claim}: two apps of one name would replace each other",
        fix=_advice(app, owner, claim),
    )


def _advice(app: str, owner: Owner, claim: Owner) -> str:
    if _plain(owner.source) == _plain(claim.source) or not claim.source:
        named = _shown(claim.environment)
        return (
            f"say `-e {_shown(owner.environment)}` if that one is meant; or give {named} a name of its own on this host: "
            f"`name: {app}-{named}` beside its `hosts` in fairlead.yaml"
        )
    return "choose another `app` in fairlead.yaml, or deploy once with --take-over if the app has moved"


def _claim(environment: object, source: object) -> Owner:
    # What is no text matches no owner.
    named = environment if isinstance(environment, str) and environment else f"{environment!r}"
    return Owner("" if source is None else str(source), named)


def _takes_over(frame: Frame) -> bool:
    options = frame.get("options")
    return frame.get("take_over") is True or (
        isinstance(options, Mapping) and options.get("take_over") is True
    )


def _owners_of_releases(paths: Paths) -> Iterator[Owner]:
    """Those of the release that serves and of the others that lie here, newest first."""
    # Imported here: as good as never needed, and the door answers sooner without it.
    from .bundle import read_bundle
    from .routes import read_live

    names = [entry.name for entry in paths.releases.iterdir()] if paths.releases.is_dir() else []
    for name in (read_live(paths), *sorted(filter(RELEASE_ID.fullmatch, names), reverse=True)):
        bundle = read_bundle(paths, name)
        if bundle is not None:
            yield owner_of(bundle.release)


def read_record(file: Path) -> Mapping[str, Any]:
    """A small file of ours; empty where there is none, or none that can be read."""
    try:
        raw = parse_json(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return raw if isinstance(raw, dict) else {}


def _is_address(source: str) -> bool:
    return "://" in source


def _plain(source: str) -> str:
    """A repository's address as it is compared: by whichever scheme and in whichever case it is written."""
    return source.partition("://")[2].casefold() if _is_address(source) else source.casefold()


def _shown(text: str) -> str:
    return text if text.isprintable() and len(text) <= _MAX_SHOWN else repr(text)[:_MAX_SHOWN]
