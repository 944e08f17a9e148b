"""JSON from somebody who may want to hurt its reader, or of a file that somebody may have damaged since it was written."""

from __future__ import annotations

import json
import math
from typing import Any, Union

_DIGITS = 64
"""As many as a request may have, so that what was taken is read back; Python takes quadratic time for those with thousands, and refuses them only since 3.11."""


def parse_json(raw: Union[bytes, str]) -> Any:
    """The value of a text.

    Raises:
        ValueError: it is none, is nested too deeply, or has a number that nobody would write.
    """
    try:
        return json.loads(raw, parse_int=_parse_int, parse_float=_parse_float, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _parse_int(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number that is none")
    return number


def _refuse(text: str) -> float:
    raise ValueError(f"{text} is no number")
