"""Whose an app is: every request names app, environment, repository and folder; they are held against what is here.

Two environments or two folders of one repository, or two repositories, may call an app by the same name. What one of them
asks for must not happen to the other: it is compared before anything else is done, at the door, and again under the app's
lock, where nobody else can make the app his meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

from .errors import InputFault
from .release import Release

TOP = "."
"""The folder of the repository that is the repository itself."""
_MAX_SHOWN = 100


@dataclass(frozen=True)
class Owner:
    """Where an app comes from: repository and environment, and ``app``, what fairlead.yaml calls it.

    ``directory`` is the folder of fairlead.yaml in the repository, ``TOP`` where that is the repository itself; clients
    and records of before it was asked for know none. An empty text is nothing that is known, or nothing that was said.
    """

    source: str = ""
    environment: str = ""
    app: str = ""
    directory: str = ""

    def to_json(self) -> dict[str, str]:
        """As the file ``origin`` has it; ``app`` only where the host calls it otherwise, as older agents expect."""
        facts = {"source": self.source, "environment": self.environment}
        more = {"app": self.app, "directory": self.directory}
        return facts | {name: text for name, text in more.items() if text}

    def __str__(self) -> str:
        folder = f", folder {_shown(self.directory)}" if self.directory not in ("", TOP) else ""
        return (
            f"{_shown(self.environment) or 'unknown environment'} of "
            f"{_shown(self.source) or 'an unknown repository'}{folder}"
        )

    def is_same(self, other: Owner) -> bool:
        """Whether both are the same repository and environment, what is not known included, and not two folders of it."""
        return not self.is_beside(other) and (self.environment, plain_source(self.source)) == (
            other.environment,
            plain_source(other.source),
        )

    def is_beside(self, other: Owner) -> bool:
        """Whether both are known to lie in different folders."""
        return bool(self.directory and other.directory) and self.directory != other.directory

    def accepts(self, other: Owner) -> bool:
        """Whether a request by ``other`` may mean this one's app; what one of them does not know is not compared.

        A clone whose remote has no web address names its registry instead: that is held against another registry only.
        """
        alike = _is_address(self.source) == _is_address(other.source)
        return all(
            not mine or not theirs or mine == theirs
            for mine, theirs in (
                (self.environment, other.environment),
                (plain_source(self.source), plain_source(other.source) if alike else ""),
                (self.directory, other.directory),
            )
        )


def owner_of(release: Release) -> Owner:
    """Whose a release is."""
    app = release.configured_app
    return Owner(release.source, release.environment, app if app != release.app else "", release.directory)


def parse_owner(raw: object) -> Optional[Owner]:
    """The owner that a file tells of; None where it tells of none."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("environment"), str):
        return None
    more = (str(raw.get(name, "")) for name in ("app", "directory"))
    return Owner(str(raw.get("source", "")), raw["environment"], *more)


def explain_stranger(app: str, owner: Owner, claim: Owner) -> InputFault:
    """What to tell who means another app of this name. Pure."""
    theirs, ours = tell_apart(owner, claim)
    return InputFault(
        f"the app {app!r} on this host belongs to {theirs}",
        why=f"this is for {ours}: two apps of one name would replace each other",
        fix=_advice(app, owner, claim),
    )


def tell_apart(owner: Owner, claim: Owner) -> tuple[str, str]:
    """Both in words; the top of a repository is named where the other is a folder in it. Pure."""
    top = ", its top folder" if owner.is_beside(claim) else ""
    theirs, ours = (f"{one}{top if one.directory == TOP else ''}" for one in (owner, claim))
    return theirs, ours


def _advice(app: str, owner: Owner, claim: Owner) -> str:
    if owner.is_beside(claim):
        file = "fairlead.yaml" if claim.directory == TOP else f"{_shown(claim.directory)}/fairlead.yaml"
        return (
            f"choose another `app` in {file}; or, if the app has moved there, deploy once with --take-over: "
            "its data and its history stay with it"
        )
    if plain_source(owner.source) == plain_source(claim.source) or not claim.source:
        named = _shown(claim.environment)
        return (
            f"say `-e {_shown(owner.environment)}` if that one is meant; or give {named} a name of its own on this host: "
            f"`name: {app}-{named}` beside its `hosts` in fairlead.yaml"
        )
    return "choose another `app` in fairlead.yaml, or deploy once with --take-over if the app has moved"


def _is_address(source: str) -> bool:
    return "://" in source


def plain_source(source: str) -> str:
    """A repository's address as it is compared: by whichever scheme and in whichever case it is written."""
    return source.partition("://")[2].casefold() if _is_address(source) else source.casefold()


def _shown(text: str) -> str:
    return text if text.isprintable() and len(text) <= _MAX_SHOWN else repr(text)[:_MAX_SHOWN]
