"""The answer to ``plan``: what a deploy, rollback or rotation would do, service by service, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .answer import SWITCH, WHOLE, WORD, WORDS, beside, parts
from .errors import InputFault

SCHEMA = "fairlead.plan/v1"


@dataclass(frozen=True)
class Action:
    """What happens to one service, and why.

    Rolled: ``start`` (new containers, or stopped ones of the target), ``create`` (the target's were pruned),
    ``carry`` or ``keep`` (they run on), ``remove``. Platform: ``start``, ``update``, ``keep``, ``remove``.
    Jobs: ``run``, ``skip``, ``await`` (another host runs it). ``home`` is the release whose containers it is, empty for the platform.
    """

    service: str = field(metadata=WORD)
    role: str = field(metadata=WORD)
    action: str = field(metadata=WORD)
    reason: str = field(metadata=WORD)
    image: str = field(metadata=WORD)
    home: str = field(default="", metadata={**WORD, "name": "release"})
    why: str = field(default="", metadata=WORD)


@dataclass(frozen=True)
class Refusal:
    """Why a release will not be deployed as it is."""

    what: str = field(metadata=WORD)
    why: str = field(metadata=WORD)
    fix: str = field(metadata=WORD)

    def to_fault(self) -> InputFault:
        return InputFault(self.what, why=self.why, fix=self.fix)


@dataclass(frozen=True)
class PlanAnswer:
    """A plan as it is shown; ``warnings`` are there where it was asked what would be refused."""

    schema: str = field(default=SCHEMA, metadata=WORD)
    kind: str = field(default="", metadata=WORD)
    app: str = field(default="", metadata=WORD)
    release: str = field(default="", metadata=WORD)
    previous: Optional[str] = field(default=None, metadata=WORD)
    unchanged: bool = field(default=False, metadata=SWITCH)
    actions: tuple[Action, ...] = field(default=(), metadata=parts(Action))
    pull: tuple[str, ...] = field(default=(), metadata=WORDS)
    steps: tuple[str, ...] = field(default=(), metadata=WORDS)
    refusals: tuple[Refusal, ...] = field(default=(), metadata=parts(Refusal))
    warnings: Optional[tuple[str, ...]] = field(default=None, metadata=beside("warnings", WORDS))
    document: Mapping[str, Any] = field(default_factory=dict, metadata=WHOLE)
