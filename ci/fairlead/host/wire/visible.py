"""Foreign text in a line of ours: what would steer a terminal, a CI or the reader's eye is shown, not obeyed. Pure.

File names, YAML keys, the output of tools and of containers may hold anything. A carriage return begins a new line
for the runner of GitHub Actions, an escape sequence may move the cursor, name a link or ask the terminal to answer,
and a bidirectional control lets a line read as another one. Both ends use this: the client and the host's console.
"""

from __future__ import annotations

import re

# Every control (C0, C1, DEL), format (bidirectional, zero-width, tags), line and paragraph separator and lone
# surrogate of Unicode, and the supplement of variation selectors, in which a text can be hidden.
_FOREIGN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_COLOUR = "(?:\x1b\\[|\x9b)[0-9;:]*m"
_LINE_END = "\r+(?=\n|\\Z)"


def visible(text: str) -> str:
    r"""The text with everything that steers written out (``\u001b``); line feed and tab stay.

    Colours are dropped, for they say nothing that is missed and could hide what follows; so is a carriage return
    that only ends a line.
    """
    if _is_harmless(text):
        return text
    return escaped(re.sub(_LINE_END, "", re.sub(_COLOUR, "", text)))


def visible_line(text: str) -> str:
    """The same for a text that has to stay one line: a cell of a table, the name of a file."""
    return visible(text).replace("\n", "\\n")


def escaped(text: str) -> str:
    """The text with everything that steers written out as JSON would do it: a document stays the same document."""
    return text if _is_harmless(text) else re.sub(f"[{_FOREIGN}]", _written_out, text)


def _is_harmless(text: str) -> bool:
    """Whether it is plain ASCII, as nearly all is: `validate` has no time to compile a pattern for that."""
    return text.isascii() and text.replace("\n", "").replace("\t", "").isprintable()


def _written_out(match: re.Match[str]) -> str:
    char = match.group()
    if char == "\r":
        return "\\r"
    code = ord(char)
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
