"""fairlead.yaml as something to judge: its environments and combinations."""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.app.variables import REVISION
from fairlead.judge.scopes import settings_scopes
from fairlead.judge.verdict import Request
from fairlead.settings.values import Environment, Settings


def settings_request(
    settings: Settings, environments: Sequence[Environment] = (), revision: str = REVISION
) -> Request:
    """What to judge of a repository with a fairlead.yaml: these environments, or all that it declares.

    ``revision``: the commit that is put into the files, where what is judged is to be released.

    Raises:
        InputError: there is no compose file, or the baseline beside it can't be read.
    """
    from fairlead.judge.baseline import FILE_NAME, load_baseline
    from fairlead.judge.policy import make_policy

    every = settings.validate.combinations if not environments else {}
    scopes = settings_scopes(settings, environments or settings.every_environment, every, revision=revision)
    beside = settings.compose_files()[0].parent / FILE_NAME
    return Request(
        scopes=scopes,
        policy=make_policy(settings.validate, registry=settings.registry),
        settings=settings,
        compose_version=".".join(map(str, settings.validate.compose)),
        baseline=load_baseline(beside) if beside.is_file() else None,
    )
