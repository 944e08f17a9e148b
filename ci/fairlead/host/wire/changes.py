"""The calls that make a release serve, and what every call of a connection is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional, Union

from .calls import Call
from .contract import RAW, TEXT, YES, part
from .names import DEPLOY, ROLLBACK, ROTATE
from .request import Options


@dataclass(frozen=True)
class Subject:
    """What every request of a connection is about: the server holds it against what is there."""

    app: str = field(metadata=RAW)
    environment: str = field(metadata=RAW)
    repository: str = field(default="", metadata=RAW)
    directory: str = field(default="", metadata=RAW)
    """The folder of fairlead.yaml in the repository."""
    take_over: bool = field(default=False, metadata=YES)
    """The app may be another's so far."""


@dataclass(frozen=True)
class DeployCall(Call):
    """Deploy a release, as ``fairlead.release/v1`` has it; ``marks_key`` is what the names of its secrets are made with."""

    request = DEPLOY
    release: Mapping[str, Any] = field(metadata=RAW)
    options: Options = field(default_factory=Options, metadata=part(Options))
    by: str = field(default="", metadata=RAW)
    signature: str = field(default="", metadata=RAW)
    marks_key: Optional[str] = field(default=None, metadata=RAW)


@dataclass(frozen=True)
class RollbackCall(Call):
    """Go back to a release; None is the one before.

    ``serving`` is what served when it was counted which one that is: where another does by now, it is another one.
    """

    request = ROLLBACK
    to: Optional[str] = field(default=None, metadata=TEXT)
    options: Options = field(default_factory=Options, metadata=part(Options))
    by: str = field(default="", metadata=RAW)
    serving: Optional[str] = field(default=None, metadata=TEXT)


@dataclass(frozen=True)
class RotateCall(Call):
    """Give secrets new values, by name and mark."""

    request = ROTATE
    secrets: Mapping[str, str] = field(metadata=RAW)
    options: Options = field(default_factory=Options, metadata=part(Options))
    by: str = field(default="", metadata=RAW)
    marks_key: Optional[str] = field(default=None, metadata=RAW)


Change = Union[DeployCall, RollbackCall, RotateCall]
"""What can be planned, and is done by several hosts alike."""
