"""JSON of a file on the host, which somebody may have damaged since it was written."""

from __future__ import annotations

import json
from typing import Any, Union


def parse_json(text: Union[str, bytes]) -> Any:
    """The value of a text.

    Raises:
        ValueError: it is none, or nested more deeply than anything of ours.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
