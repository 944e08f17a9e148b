"""The request for a maintenance: the page that everybody is shown, and its bounds. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import InputFault

MAX_PAGE = 256 * 1024
"""Characters of a page, and half of the bytes that Caddy reads of a file at most."""
RETRY_AFTER = 300
_MAX_RETRY_AFTER = 7 * 24 * 3600
LOOK = re.compile(r"[0-9a-f]{32}")
UNASKED = "nobody could be asked as users ask: there is no url, or none that the proxy publishes a port for"
"""Zero questions are no proof."""


@dataclass(frozen=True)
class WantedPage:
    """What to show: the page, empty for ours, and after how many seconds to come back.

    ``look`` opens the way past it: of all servers the same, for a load balancer may send a browser to any; empty, one of
    this server alone.
    """

    page: str = ""
    retry_after: int = RETRY_AFTER
    look: str = ""


def parse_page(page: object, retry_after: object, look: object = "") -> WantedPage:
    """What a client asks for.

    Raises:
        InputFault: it is no page, or too large, or no time, or nothing that opens a way.
    """
    if not isinstance(page, str) or len(page) > MAX_PAGE:
        raise InputFault(f"the page must be text of at most {MAX_PAGE} characters", fix="make it smaller")
    if type(retry_after) is not int or not 1 <= retry_after <= _MAX_RETRY_AFTER:
        raise InputFault(
            f"`retry_after` must be whole seconds from 1 to {_MAX_RETRY_AFTER}", fix="correct --retry-after"
        )
    try:
        page.encode()
    except UnicodeEncodeError as error:
        raise InputFault("the page is no text", why=error.reason, fix="save it as UTF-8") from error
    if not isinstance(look, str) or (look and not LOOK.fullmatch(look)):
        raise InputFault(
            "`look` must be 32 hexadecimal digits", fix="use the same version of fairlead on both ends"
        )
    return WantedPage(page, retry_after, look)
