"""Regular expressions: compiled when they are first used, and as a call before has compiled them.

Most files that are validated need few of them (``compile_late``). To compile those few takes a tenth of the time of
``fairlead validate``, and to import ``re`` (for ``enum``) as much again. So what ``re`` gave to the engine is kept,
with the byte code of the modules (``codecache``), and until something else is asked of it ``re`` is a module that
holds only that.

An expression is kept if the source says it: one made of what stands in somebody's file is compiled and forgotten.
"""

from __future__ import annotations

import _sre  # type: ignore[import-not-found]  # CPython's own, without stubs
import sys
from _thread import RLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from types import ModuleType
    from typing import Any

    Key = tuple[str | bytes, int]
else:
    # `types` is not imported yet this early.
    ModuleType = type(sys)

_FLAGS = {"NOFLAG": 0, "IGNORECASE": 2, "MULTILINE": 8, "DOTALL": 16, "VERBOSE": 64, "ASCII": 256}

_lock = RLock()


def compile_late(text: str, flags: int = 0) -> re.Pattern[str]:
    """What ``re.compile`` returns, made when one of its methods is asked for."""
    pattern: Any = _Late(text, flags)
    return pattern  # type: ignore[no-any-return]  # it behaves as one


class _Late:
    def __init__(self, text: str, flags: int) -> None:
        self._key = text, int(flags)

    def __getattr__(self, name: str) -> Any:
        method = getattr(_compiled(self._key), name)
        # Found without this call from now on.
        setattr(self, name, method)
        return method


class _Table:
    """What the engine was given for each expression (None where nothing is kept), and the whole of ``re``."""

    known: dict[Key, tuple[Any, ...]] | None = None
    whole: Any = None
    has_more = False


def use_compiled(known: dict[Key, tuple[Any, ...]]) -> None:
    """Take what is known of expressions, and be ``re`` where nobody has imported it yet."""
    _Table.known = known
    if "re" not in sys.modules:
        stand_in = _Expressions("re")
        vars(stand_in).update(_FLAGS, compile=_compile, __spec__=None)
        sys.modules["re"] = stand_in


def all_compiled() -> tuple[dict[Key, tuple[Any, ...]], bool]:
    """What is known by now, and whether that is more than was."""
    return _Table.known or {}, _Table.has_more


class _Expressions(ModuleType):
    """``re`` as far as it was needed before; the rest of it comes when it is asked for."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_whole(), name)


def _whole() -> Any:
    """The real ``re``."""
    with _lock:
        if _Table.whole is None:
            stand_in = sys.modules.pop("re", None)
            import re

            _Table.whole = re
            if stand_in is not None:
                sys.modules["re"] = stand_in
    return _Table.whole


def _compile(text: Any, flags: int = 0) -> re.Pattern[Any]:
    """``re.compile``."""
    key = text, int(flags)
    if _Table.known is None or key not in _Table.known:
        code = sys._getframe(1).f_code  # noqa: SLF001 - who said it
        if code.co_name != "<module>" and text not in code.co_consts:
            return _whole().compile(text, flags)  # type: ignore[no-any-return]  # the module is loaded by name
    return _compiled(key)


def _compiled(key: Key) -> re.Pattern[Any]:
    given = _Table.known.get(key) if _Table.known is not None else None
    if given is not None:
        text, flags, code, *groups = given
        kept: re.Pattern[Any] = _sre.compile(text, flags, memoryview(code).cast("I").tolist(), *groups)
        return kept
    pattern: re.Pattern[Any] = _whole().compile(*key)
    if _Table.known is not None:
        _learn(key, pattern)
    return pattern


def _learn(key: Key, pattern: re.Pattern[Any]) -> None:
    """Keep what the engine is given for a pattern, as ``re.compile`` of Python 3.11 to 3.14 gives it."""
    try:
        parser, compiler = _whole()._parser, _whole()._compiler  # noqa: SLF001 - there is no other way to it
        tree = parser.parse(*key)
        code = compiler._code(tree, key[1])  # noqa: SLF001 - same
        state = tree.state
        names: list[str | None] = [None] * state.groups
        for name, number in state.groupdict.items():
            names[number] = name
        given = key[0], key[1] | state.flags, code, state.groups - 1, dict(state.groupdict), tuple(names)
        if _sre.CODESIZE != 4 or _sre.compile(*given) != pattern:
            return
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return
    text, flags, code, *groups = given
    kept = b"".join(word.to_bytes(4, sys.byteorder) for word in code)
    assert _Table.known is not None
    _Table.known[key] = (text, flags, kept, *groups)
    _Table.has_more = True
