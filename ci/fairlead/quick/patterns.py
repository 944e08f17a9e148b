"""Regular expressions that are compiled when they are first used: most files that are validated need few of them."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def compile_late(text: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """What ``re.compile`` returns, made when one of its methods is asked for."""
    pattern: Any = _Late(text, flags)
    return pattern  # type: ignore[no-any-return]


class _Late:
    def __init__(self, text: str, flags: re.RegexFlag) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        method = getattr(re.compile(self._text, self._flags), name)
        # Found without this call from now on.
        setattr(self, name, method)
        return method
