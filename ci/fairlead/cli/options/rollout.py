"""The options of ``plan``, ``deploy`` and ``ship``, and their values as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from fairlead.cli.options.shared import (
    accept_recreate_option,
    no_wait_option,
    reason_option,
    secrets_dir_option,
)

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
    click.option(
        "--take-over",
        is_flag=True,
        envvar="FAIRLEAD_TAKE_OVER",
        show_envvar=True,
        help="The app moved: take it over from another repository, folder of it or environment.",
    ),
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

    An option that is called as a field of the contract's ``Options`` is one, and travels.

    Takes ``--work-dir`` along, which other verbs have too: put ``work_dir_option`` above it.
    """

    @wraps(function)
    def gathered(**given: Any) -> None:
        from fairlead.host.wire.request import Options
        from fairlead.rollout.options import RolloutOptions

        request = _take(Options, given)
        here = _take(RolloutOptions, given)
        options = RolloutOptions(**{**here, "work_dir": Path(here["work_dir"])}, request=Options(**request))
        function(options=options, **given)

    command: Callable[..., None] = gathered
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def _take(form: type[Any], given: dict[str, Any]) -> dict[str, Any]:
    """The values of those options that are fields of the dataclass, taken out."""
    return {one.name: given.pop(one.name) for one in fields(form) if one.name in given}
