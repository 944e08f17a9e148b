"""The programs of fairlead.yaml that know values of secrets, where this job may run them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairlead.release.secret_commands import SecretCommands
    from fairlead.settings.values import Settings


def allowed_commands(settings: Settings) -> SecretCommands | None:
    """Those programs; None where fairlead.yaml names none.

    Raises:
        InputError: the event of the job is not JSON, or this is no checkout of a commit.
    """
    if settings.secrets.command is None and not settings.secrets.each:
        return None
    from fairlead.github.context import read_context
    from fairlead.github.trust import refuse_commands
    from fairlead.identity import read_identity
    from fairlead.release.secret_commands import secret_commands

    context = read_context(os.environ)
    revision = read_identity(settings.root).revision if context is not None else ""
    return secret_commands(settings, refuse_commands(context, revision))
