"""What docker-compose said before of the very same files, so that it is not asked again.

Its answer depends on the files that take part, the variables that they use, and which docker-compose it is. All of
that is kept beside the answer, contents included, and compared byte by byte: nothing is taken from a different
question. The answer to the last question about a file is kept, in the user's cache.
"""

from __future__ import annotations

from fairlead.judge.asked.answer import Answer
from fairlead.judge.asked.program import read_cache, stamp, where_looked, write_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fairlead.composefile.loader import Model
    from fairlead.judge.scopes import Scope

_MOST_BYTES = 1024 * 1024
_OWN_PREFIXES = ("COMPOSE_", "DOCKER_")


def may_recall(scope: Scope) -> bool:
    """Whether the files that the last answer depended on are as they were: then it is worth waiting for ``recall``."""
    try:
        question, *_ = read_cache(_place(scope))
        return all(_content(path) == content for path, content in question[-1].items())
    except (OSError, ValueError, TypeError, EOFError, LookupError, AttributeError):
        return False


def recall(scope: Scope, model: Model) -> Answer | None:
    """The answer to the same question, if it was asked before; None if it was not."""
    try:
        question, program, answer = read_cache(_place(scope))
        if question != _question(scope, model) or program != stamp(program[0]):
            return None
        return Answer(*answer)
    except (OSError, ValueError, TypeError, EOFError, LookupError):
        return None


def remember(scope: Scope, model: Model, program: str, answer: Answer) -> None:
    """Keep an answer; where that can't be done, it is asked again next time."""
    try:
        question = _question(scope, model)
        if question is not None:
            said = (answer.version, answer.ok, answer.said)
            write_cache(_place(scope), (question, stamp(program), said))
    except (OSError, ValueError):
        return


def _question(scope: Scope, model: Model) -> Any:
    """All that the answer depends on but the program; None where it is too much to keep."""
    contents: dict[str, bytes] = {}
    size = 0
    for path in model.looked_at:
        contents[path] = _content(path)
        size += len(contents[path])
        if size > _MOST_BYTES:
            return None
    return (
        [str(path) for path in scope.files],
        [str(path) for path in scope.env_files],
        scope.project,
        _variables(scope.variables, model),
        where_looked(),
        contents,
    )


def _content(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - no import for it
        return file.read(_MOST_BYTES + 1)


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


def _place(scope: Scope) -> str:
    from fairlead.quick.codecache import cache_folder

    name = "+".join(str(path) for path in scope.files).replace("/", "%")
    return f"{cache_folder()}/asked/{name[-200:]}"
