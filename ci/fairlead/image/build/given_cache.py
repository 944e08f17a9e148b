"""Caches that fairlead.yaml describes itself: what the author of a repository may say about one.

The builder reads and writes a cache as whoever runs it, with his login: where a folder is and whom a job's token is
sent to is not for the repository to say.

GitHub's own cache is not taken at all. It is reached by a token that the runner gives to actions alone: an action
would have to hand it on to every later step, whatever that runs. And it holds 10 GB for all branches of a repository,
which the layers of one app push out of it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable

from fairlead.errors import InputError

# By kind of cache; `*` is any.
_REFUSED = {
    "local": ("*",),
    "*": ("src", "dest"),
}


def check_given_caches(entries: Iterable[str]) -> None:
    """Refuse a cache that would read or write folders of this machine, or send a job's token elsewhere.

    Raises:
        InputError: one does.
    """
    for entry in entries:
        if "=" not in entry:
            continue
        keys = _keys(entry)
        kinds = keys.get("type", [])
        if "gha" in kinds:
            raise InputError(
                f"build.cache holds {entry}",
                why="GitHub's cache is reached by a token that every later step of the job would have to be given",
                fix="write `registry`, which is the default in CI: the cache then lies beside the images",
            )
        refused = {key for kind in (*kinds, "*") for key in _REFUSED.get(kind, ())}
        faults = sorted(keys) if "*" in refused else sorted(refused & keys.keys())
        if faults or len(kinds) != 1:
            raise InputError(
                f"build.cache holds {entry}",
                why=f"the repository may not say {', '.join(faults) or 'two kinds of a cache'}: it would have the "
                "builder use folders or logins of this machine",
                fix="write `local` or `registry`; Fairlead says where",
            )


def _keys(entry: str) -> dict[str, list[str]]:
    """The values of each key, as buildx reads them: comma-separated, perhaps quoted; keys in any case."""
    found: dict[str, list[str]] = {}
    try:
        rows = list(csv.reader([entry], strict=True))
    except csv.Error as error:
        raise InputError(
            f"build.cache holds {entry}", why=str(error), fix="write key=value,key=value"
        ) from error
    for field in (field for row in rows for field in row):
        key, _, value = field.partition("=")
        found.setdefault(key.strip().lower(), []).append(value.strip().lower())
    return found
