"""What a client may ask of the transaction, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from .document import parse_release, require_hashes, require_verdict
from .errors import InputFault
from .fields import Faults, Fields
from .fleet import DECISIONS, Fleet, parse_fleet
from .names import DIGEST, RELEASE_ID
from .owner import Owner, owner_of
from .release import Release
from .signature import parse_signature

_TASK = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_SECRET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_SCHEMA = re.compile(r"[0-9]{1,6}")
_MOST_BY = 200
_MAX_WAIT = 24 * 3600.0
_NO_REQUEST = "the request does not hold"
_OTHER_CLIENT = "use the client that this agent came with"


@dataclass(frozen=True)
class Options:
    """What the caller decides.

    ``allow_older``: replace a newer commit; ``accept_recreate``: state services that may be recreated;
    ``take_over``: the app belongs to another repository so far; ``no_wait`` and ``lock_timeout`` (seconds): the lock;
    ``require_evidence``: a watch that could not tell is a failed one; ``accept_schema``: the release whose
    irreversible migration a rollback may leave in place; ``only``: the services to deploy, all of them if empty;
    ``fleet``: the other hosts, None where there are none; ``upgrade_edge``: replace the edge of the host, if this
    deploy brings another one.
    """

    allow_older: bool = False
    accept_recreate: tuple[str, ...] = ()
    take_over: bool = False
    no_wait: bool = False
    lock_timeout: float = 600.0
    require_evidence: bool = False
    accept_schema: str = ""
    only: tuple[str, ...] = ()
    fleet: Optional[Fleet] = None
    upgrade_edge: bool = False

    @property
    def lock_wait(self) -> float:
        return 0.0 if self.no_wait else self.lock_timeout

    @property
    def lowest_id(self) -> str:
        return self.fleet.release if self.fleet is not None else ""


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


def parse_deploy_request(raw: Mapping[str, Any], blobs: Path, credentials: Optional[Path]) -> DeployRequest:
    """``{"task", "release", "signature"?, "options"?, "by"?}``, nobody vouches for it.

    Raises:
        InputFault: it does not hold.
    """
    task, by, options, _ = _asked(raw)
    release = parse_release(raw.get("release"))
    require_verdict(release)
    require_hashes(release)
    signature = parse_signature(raw.get("signature"))
    claim = None if options.take_over else owner_of(release)
    by = by or release.created_by
    return DeployRequest(task, release, blobs, credentials, options, by, signature, claim)


def parse_rollback_request(raw: Mapping[str, Any], credentials: Optional[Path]) -> RollbackRequest:
    """``{"task", "to"?, "options"?, "by"?}``, nobody vouches for it.

    Raises:
        InputFault: it does not hold.
    """
    task, by, options, claim = _asked(raw)
    to = raw.get("to") or None
    if to is not None and not (isinstance(to, str) and RELEASE_ID.fullmatch(to)):
        raise InputFault(
            f"{str(to)[:40]!r} is no release id",
            why="an id has six digits, like 000042",
            fix="`fairlead history` lists them",
        )
    return RollbackRequest(task, to, credentials, options, by, claim=claim)


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
    task, by, options, claim = _asked(raw)
    faults = Faults()
    fields = Fields(raw, "request", faults)
    names = list(fields.keys("secrets", _SECRET))
    secrets = {name: fields.fields("secrets").name(name, DIGEST) for name in names}
    if not secrets:
        fields.fault("secrets", "names none")
    faults.raise_if_any(_NO_REQUEST, _OTHER_CLIENT)
    return RotationRequest(task, secrets, options, by, claim=claim)


def parse_by(raw: Mapping[str, Any]) -> str:
    """Who asks, by the client's word.

    Raises:
        InputFault: it is no short line: it is kept where nobody throws it away.
    """
    faults = Faults()
    by = Fields(raw, "request", faults).text("by", _MOST_BY, default="")
    faults.raise_if_any(_NO_REQUEST, _OTHER_CLIENT)
    return by


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
    faults = Faults()
    claim = _claim(Fields(raw, "request", faults))
    faults.raise_if_any(_NO_REQUEST, _OTHER_CLIENT)
    return claim


def _claim(fields: Fields) -> Optional[Owner]:
    found = Owner(fields.text("repository", 500, default=""), fields.text("environment", 100, default=""))
    return found if found.environment else None


def _asked(raw: Mapping[str, Any]) -> tuple[str, str, Options, Optional[Owner]]:
    """What every request says: its task, who asks, the options, whose app it means.

    Raises:
        InputFault: it does not hold.
    """
    faults = Faults()
    fields = Fields(raw, "request", faults)
    found = (
        fields.name("task", _TASK),
        fields.text("by", _MOST_BY, default=""),
        _options(fields),
        _claim(fields),
    )
    faults.raise_if_any(_NO_REQUEST, _OTHER_CLIENT)
    return found


def _options(fields: Fields) -> Options:
    options = fields.fields("options", optional=True)
    return Options(
        allow_older=options.flag("allow_older"),
        accept_recreate=_services(options, "accept_recreate"),
        take_over=options.flag("take_over"),
        no_wait=options.flag("no_wait"),
        lock_timeout=options.seconds("lock_timeout", _MAX_WAIT, default=600.0),
        require_evidence=options.flag("require_evidence"),
        only=_services(options, "only"),
        accept_schema=_schema(options),
        fleet=parse_fleet(options),
        upgrade_edge=options.flag("upgrade_edge"),
    )


def _services(options: Fields, key: str) -> tuple[str, ...]:
    given = options.raw.get(key) or []
    if isinstance(given, (list, tuple)) and all(
        isinstance(name, str) and _SERVICE.fullmatch(name) for name in given
    ):
        return tuple(given)
    options.fault(key, "is no list of services")
    return ()


def _schema(options: Fields) -> str:
    """A release id, or nothing; leading zeros may be left out."""
    given = options.raw.get("accept_schema") or ""
    if isinstance(given, str) and (not given or _SCHEMA.fullmatch(given)):
        return given.zfill(6) if given else ""
    options.fault("accept_schema", "is not the id of a release")
    return ""
