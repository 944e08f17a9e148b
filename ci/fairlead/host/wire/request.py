"""What a client may ask of the transaction, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from .contract import FLAG, defaults, given, kind, matching, parse_whole, part, seconds, text, texts
from .errors import InputFault
from .fields import Fields
from .fleet import DECISIONS, Fleet
from .names import DIGEST, LOCK_TIMEOUT, MAX_DIRECTORY, RELEASE_ID, ROLLBACK, ROTATE
from .owner import Owner, owner_of
from .release import Release
from .signature import parse_signature

_TASK = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_SECRET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_SCHEMA = re.compile(r"[0-9]{1,6}")

REASON_LIMIT = 200
"""How many characters a reason may have."""

_SERVICES = texts(_SERVICE, "is no list of services")
_OWN = {"own": (ROLLBACK, ROTATE)}
"""It does not widen what these do: a key may use it there that may not deploy (``restriction``)."""


def _read_schema(options: Fields, name: str, _: Any) -> str:
    """A release id, or nothing; leading zeros may be left out."""
    found = options.raw.get(name) or ""
    if isinstance(found, str) and (not found or _SCHEMA.fullmatch(found)):
        return found.zfill(6) if found else ""
    options.fault(name, "is not the id of a release")
    return ""


@dataclass(frozen=True)
class Options:
    """What the caller decides."""

    allow_older: bool = field(default=False, metadata=FLAG)
    """Replace a newer commit."""
    accept_recreate: tuple[str, ...] = field(default=(), metadata=_SERVICES)
    """Services that keep data and may be recreated."""
    take_over: bool = field(default=False, metadata=FLAG)
    """The app belongs to another repository, folder of it or environment so far."""
    no_wait: bool = field(default=False, metadata={**FLAG, **_OWN})
    """Do not wait for another command of the app."""
    lock_timeout: float = field(default=LOCK_TIMEOUT, metadata={**seconds(24 * 3600.0), **_OWN})
    """How long to wait for it else."""
    require_evidence: bool = field(default=False, metadata={**FLAG, **_OWN})
    """A watch that could not tell is a failed one."""
    only: tuple[str, ...] = field(default=(), metadata=_SERVICES)
    """The services to deploy, all of them if empty."""
    accept_schema: str = field(default="", metadata=kind(_read_schema))
    """The release whose irreversible migration a rollback may leave in place."""
    fleet: Optional[Fleet] = field(default=None, metadata={**given(Fleet), **_OWN})
    """The other hosts, None where there are none."""
    upgrade_edge: bool = field(default=False, metadata=FLAG)
    """Replace the edge of the host, if this deploy brings another one."""
    reason: str = field(default="", metadata={**text(REASON_LIMIT), **_OWN})
    """Why, in the words of who asks: the journal keeps it."""

    @property
    def lock_wait(self) -> float:
        return 0.0 if self.no_wait else self.lock_timeout

    @property
    def lowest_id(self) -> str:
        return self.fleet.release if self.fleet is not None else ""


def complete_options(options: Any) -> Any:
    """Options as they came, with the defaults of those that did not: two requests that want the same have the same.

    What is told of the other hosts is left out, and why it is wanted: they may differ between two clients that want the same.
    """
    if not isinstance(options, Mapping):
        return options
    told = {**defaults(Options), **options}
    return {key: value for key, value in told.items() if key not in {"fleet", "reason"}}


def _read_claim(fields: Fields, _name: str, _default: Any) -> Optional[Owner]:
    found = Owner(
        fields.text("repository", 500, default=""),
        fields.text("environment", 100, default=""),
        directory=fields.text("directory", MAX_DIRECTORY, default=""),
    )
    return found if found.environment else None


def _read_secrets(fields: Fields, name: str, _: Any) -> dict[str, str]:
    found = {one: fields.fields(name).name(one, DIGEST) for one in fields.keys(name, _SECRET)}
    if not found:
        fields.fault(name, "names none")
    return found


_BY, _CLAIM = text(200), kind(_read_claim)


@dataclass(frozen=True)
class _Task:
    """What the request of every task says: who asks is the client's word."""

    task: str = field(metadata=matching(_TASK))
    by: str = field(default="", metadata=_BY)
    options: Options = field(default_factory=Options, metadata=part(Options))
    claim: Optional[Owner] = field(default=None, metadata=_CLAIM)


@dataclass(frozen=True)
class _Sender:
    by: str = field(default="", metadata=_BY)


@dataclass(frozen=True)
class _Claim:
    claim: Optional[Owner] = field(default=None, metadata=_CLAIM)


@dataclass(frozen=True)
class _Secrets:
    secrets: Mapping[str, str] = field(metadata=kind(_read_secrets))


@dataclass(frozen=True)
class DeployRequest:
    """Deploy a release. ``blobs`` holds its config files by sha256; ``credentials`` is deleted when they were used.

    ``signature`` is over the release document, empty where nobody signed it; ``claim`` whose app it may be, None where it
    is taken over.
    """

    task: str
    release: Release
    blobs: Path
    credentials: Optional[Path] = None
    options: Options = field(default_factory=Options)
    by: str = ""
    signature: str = ""
    claim: Optional[Owner] = None


@dataclass(frozen=True)
class RollbackRequest:
    """Go back to a release that has served: ``to``, or the one before the one that serves."""

    task: str
    to: Optional[str] = None
    credentials: Optional[Path] = None
    options: Options = field(default_factory=Options)
    by: str = ""
    blobs: Optional[Path] = None
    claim: Optional[Owner] = None
    serving: Optional[str] = None
    """What has to serve for ``to`` to be what is meant; None where that does not matter."""


def parse_deploy_request(raw: Mapping[str, Any], blobs: Path, credentials: Optional[Path]) -> DeployRequest:
    """``{"task", "release", "signature"?, "options"?, "by"?}``, nobody vouches for it.

    Raises:
        InputFault: it does not hold.
    """
    from .admission import require_hashes, require_verdict
    from .document import parse_release

    common = parse_whole(_Task, raw)
    release = parse_release(raw.get("release"))
    require_verdict(release)
    require_hashes(release)
    signature = parse_signature(raw.get("signature"))
    claim = None if common.options.take_over else owner_of(release)
    by = common.by or release.created_by
    return DeployRequest(common.task, release, blobs, credentials, common.options, by, signature, claim)


def parse_rollback_request(raw: Mapping[str, Any], credentials: Optional[Path]) -> RollbackRequest:
    """``{"task", "to"?, "serving"?, "options"?, "by"?}``, nobody vouches for it.

    Raises:
        InputFault: it does not hold.
    """
    common = parse_whole(_Task, raw)
    to, serving = (_release_id(raw.get(name) or None) for name in ("to", "serving"))
    return RollbackRequest(
        common.task, to, credentials, common.options, common.by, claim=common.claim, serving=serving
    )


def _release_id(raw: Any) -> Optional[str]:
    if raw is None or (isinstance(raw, str) and RELEASE_ID.fullmatch(raw)):
        return raw
    raise InputFault(
        f"{str(raw)[:40]!r} is no release id",
        why="an id has six digits, like 000042",
        fix="`fairlead history` lists them",
    )


@dataclass(frozen=True)
class RotationRequest:
    """Give secrets new values: name -> sha256 of what was sent along."""

    task: str
    secrets: Mapping[str, str]
    options: Options = field(default_factory=Options)
    by: str = ""
    blobs: Optional[Path] = None
    credentials: Optional[Path] = None
    claim: Optional[Owner] = None


def parse_rotation_request(raw: Mapping[str, Any]) -> RotationRequest:
    """``{"task", "secrets", "options"?, "by"?}``, nobody vouches for it.

    Raises:
        InputFault: it does not hold.
    """
    common, secrets = parse_whole(_Task, raw), parse_whole(_Secrets, raw).secrets
    return RotationRequest(common.task, secrets, common.options, common.by, claim=common.claim)


def parse_by(raw: Mapping[str, Any]) -> str:
    """Who asks, by the client's word.

    Raises:
        InputFault: it is no short line: it is kept where nobody throws it away.
    """
    return parse_whole(_Sender, raw).by


def parse_decision(raw: Mapping[str, Any]) -> Optional[str]:
    """What a repair is told of the other hosts: ``finish``, ``revert`` or nothing.

    Raises:
        InputFault: something else.
    """
    decision = raw.get("decision")
    if decision is not None and decision not in DECISIONS:
        raise InputFault(f"{str(decision)[:40]!r} is no decision", why=f"there are {', '.join(DECISIONS)}")
    return str(decision) if decision else None


def parse_claim(raw: Mapping[str, Any]) -> Optional[Owner]:
    """Whose app a request means; None where its client was too old to say, and the door has let it pass.

    Raises:
        InputFault: it does not hold.
    """
    return parse_whole(_Claim, raw).claim
