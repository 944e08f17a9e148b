"""The options of ``plan``, ``deploy`` and ``ship``, and their values as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from fairlead.cli.options import accept_recreate_option, no_wait_option, reason_option, secrets_dir_option
from fairlead.rollout.options import RolloutOptions

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


def registry_option(function: _Decorated) -> _Decorated:
    """``--registry`` (argument ``registry``): where our images are."""
    return click.option(
        "--registry",
        metavar="NAME",
        envvar="FAIRLEAD_REGISTRY",
        show_envvar=True,
        help="Where the images are published, such as ghcr.io/acme/board.",
    )(function)


_OPTIONS: tuple[Callable[[Callable[..., None]], Callable[..., None]], ...] = (
    secrets_dir_option,
    registry_option,
    click.option(
        "--allow-older",
        is_flag=True,
        envvar="FAIRLEAD_ALLOW_OLDER",
        show_envvar=True,
        help="Replace a newer commit by this one.",
    ),
    accept_recreate_option,
    click.option(
        "--only",
        metavar="SERVICE",
        multiple=True,
        envvar="FAIRLEAD_ONLY",
        show_envvar=True,
        help="Deploy this service and leave the others as they are. Repeatable.",
    ),
    click.option(
        "--require-evidence",
        is_flag=True,
        envvar="FAIRLEAD_REQUIRE_EVIDENCE",
        show_envvar=True,
        help="Go back also when the watch could not tell: too little traffic, or errors that anybody may have caused.",
    ),
    click.option("--take-over", is_flag=True, help="The app moved: take it over from another repository."),
    no_wait_option,
    reason_option,
    click.option(
        "--refresh",
        is_flag=True,
        help="Look other people's image tags up anew, instead of keeping the digests that run.",
    ),
    click.option(
        "--upgrade-edge",
        is_flag=True,
        help="Replace the edge of the host, if this deploy brings a newer one: a short gap for all its apps.",
    ),
    click.option(
        "--signing-identity",
        metavar="FILE",
        envvar="FAIRLEAD_SIGNING_IDENTITY",
        show_envvar=True,
        type=click.Path(dir_okay=False, path_type=Path),
        help="Sign the release with this key, for servers that ask for it. Its content may come in "
        "FAIRLEAD_SIGNING_KEY instead.",
    ),
)
"""In the order in which the help lists them."""


def rollout_options(function: Callable[..., None]) -> Callable[..., None]:
    """The options of ``plan``, ``deploy`` and ``ship`` that tell what may happen, as one argument ``options``.

    Takes ``--work-dir`` along, which other verbs have too: put ``work_dir_option`` above it.
    """
    names = [field.name for field in fields(RolloutOptions)]

    @wraps(function)
    def gathered(**given: Any) -> None:
        said = {name: given.pop(name) for name in names}
        function(options=RolloutOptions(**{**said, "work_dir": Path(said["work_dir"])}), **given)

    command: Callable[..., None] = gathered
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
