"""What the owner of this host lets no release do, whoever deploys it.

``policy.json`` and ``signers`` belong to root and lie beside the door (``fairlead host setup --restrict`` writes them).
They are held against every deploy, rollback and rotation, before anything is done for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from ..wire import setup
from ..wire.compose.reach import KINDS, find_reach
from ..wire.errors import InputFault
from ..wire.release import Release
from ..wire.signature import Signed
from .signers import require_signed


@dataclass(frozen=True)
class Policy:
    """``forbid``: kinds of what reaches the host or other apps; ``signers``: the file of those who must have signed."""

    forbid: frozenset[str] = frozenset()
    signers: Optional[Path] = None

    def require(self, release: Release, signed: Optional[Signed]) -> str:
        """Let a release pass, or not; returns the fingerprint of who signed it, empty where nobody has to.

        Raises:
            InputFault: the policy forbids what it asks for, or nobody signed it who may.
            EngineFault: the signature cannot be verified here.
        """
        found = [one for one in find_reach(release) if one.kind in self.forbid] if self.forbid else []
        if found:
            lines = tuple(
                f"{one.service + ': ' if one.service else ''}{one.where} ({one.kind}): {one.what}"
                for one in found
            )
            raise InputFault(
                f"the policy of this server forbids what the release {release.revision[:12]} of {release.app} asks for",
                why=lines[0],
                details=lines,
                fix=f"take it out of the compose files; {setup.HOME}/policy.json is the server owner's",
            )
        return require_signed(release, signed, self.signers) if self.signers is not None else ""

    def require_whole(self, only: tuple[str, ...]) -> None:
        """Let no part of a release pass where the whole of it must be signed.

        Raises:
            InputFault: it is a part.
        """
        if only and self.signers is not None:
            raise InputFault(
                "this server takes signed releases only, and a part of one is not what was signed",
                why=f"--only {', '.join(only)} would mix it with the release that serves",
                fix="deploy the whole release",
            )


def read_policy(home: Optional[Path] = None) -> Policy:
    """The policy of this host; an empty one where its owner has set none.

    Raises:
        InputFault: there is one that cannot be read. Then nothing is let pass.
    """
    home = home or setup.HOME
    signers = home / "signers"
    try:
        raw = json.loads((home / "policy.json").read_bytes())
    except FileNotFoundError:
        raw = {"schema": setup.POLICY_SCHEMA}
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(home, str(error)) from error
    return Policy(_forbidden(raw, home), signers if signers.exists() else None)


def _forbidden(raw: Any, home: Path) -> frozenset[str]:
    forbid = (
        raw.get("forbid", [])
        if isinstance(raw, Mapping) and raw.get("schema") == setup.POLICY_SCHEMA
        else None
    )
    if not isinstance(forbid, list) or not all(kind in KINDS for kind in forbid):
        raise _unreadable(home, f"`forbid` lists any of {', '.join(KINDS)}")
    return frozenset(forbid)


def _unreadable(home: Path, why: str) -> InputFault:
    return InputFault(
        f"{home}/policy.json cannot be read, so that nothing is let pass",
        why=why,
        fix="as root on the server: `fairlead host setup --restrict` with --forbid",
    )
