"""What docker-compose said before of the very same files, so that it is not asked again.

Its answer depends on the files that take part, the variables that they use, and which docker-compose it is. All of
that is kept beside the answer, contents included, and compared byte by byte: nothing is taken from a different
question. The answer to the last question about a file is kept, in the user's cache.
"""

from __future__ import annotations

import os
from marshal import dumps, loads

from fairlead.compose.asked import Answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fairlead.compose.loader import Model
    from fairlead.compose.scopes import Scope

_MOST_BYTES = 1024 * 1024
_OWN_PREFIXES = ("COMPOSE_", "DOCKER_")


def recall(scope: Scope, model: Model) -> Answer | None:
    """The answer to the same question, if it was asked before; None if it was not."""
    try:
        with open(_place(scope), "rb") as file:  # noqa: PTH123 - no import for it
            question, binary, answer = loads(file.read())  # noqa: S302 - from the user's own cache
        if question != _question(scope, model) or binary != _stamp(binary[0]):
            return None
        return Answer(*answer)
    except (OSError, ValueError, TypeError, EOFError, IndexError):
        return None


def remember(scope: Scope, model: Model, binary: str, answer: Answer) -> None:
    """Keep an answer; where that can't be done, it is asked again next time."""
    place = _place(scope)
    scratch = f"{place}.{os.getpid()}"
    try:
        question = _question(scope, model)
        if question is None:
            return
        os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120 - same
        handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(dumps((question, _stamp(binary), (answer.version, answer.ok, answer.said))))
        os.replace(scratch, place)  # noqa: PTH105 - same
    except (OSError, ValueError):
        return


def _question(scope: Scope, model: Model) -> Any:
    """All that the answer depends on but the program; None where it is too much to keep."""
    contents: dict[str, bytes] = {}
    size = 0
    for path in model.looked_at:
        with open(path, "rb") as file:  # noqa: PTH123 - same
            contents[path] = file.read(_MOST_BYTES + 1)
        size += len(contents[path])
        if size > _MOST_BYTES:
            return None
    return (
        [str(path) for path in scope.files],
        [str(path) for path in scope.env_files],
        scope.project,
        _variables(scope.variables, model),
        {name: os.environ.get(name) for name in ("PATH", "HOME", "FAIRLEAD_CACHE")},
        contents,
    )


def _variables(given: Mapping[str, str], model: Model) -> dict[str, str | None]:
    """Those that the files use, and those that docker-compose reads itself."""
    names = {use.name for use in model.uses}
    names.update(name for name in given if name.startswith(_OWN_PREFIXES))
    names.update(_inherited(model))
    return {name: given.get(name) for name in sorted(names)}


def _inherited(model: Model) -> set[str]:
    """Variables that a service takes over by their name alone."""
    found: set[str] = set()
    for service in (model.value.get("services") or {}).values():
        environment = service.get("environment") if isinstance(service, dict) else None
        if isinstance(environment, dict):
            found.update(str(name) for name, value in environment.items() if value is None)
    return found


def _stamp(binary: str) -> tuple[str, int, int]:
    status = os.stat(binary)  # noqa: PTH116 - same
    return binary, status.st_mtime_ns, status.st_size


def _place(scope: Scope) -> str:
    from fairlead.codecache import cache_folder

    name = "+".join(str(path) for path in scope.files).replace("/", "%")
    return f"{cache_folder()}/asked/{name[-200:]}"
