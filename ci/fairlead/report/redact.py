"""A last line of defence: registered secret values are masked in whatever Fairlead prints.

Secrets are not meant to come here at all: they travel in types whose ``repr`` is ``***``, by stdin or file.
This filter catches the tool that prints its own credentials in an error message.
"""

from __future__ import annotations

MASK = "***"

# A shorter value would mask innocent text (a password "1" every 1), and hides nothing worth hiding.
_SHORTEST = 5

_values: list[str] = []


def redact(value: str) -> None:
    """Register a secret value; each line of a long one (a private key) is masked on its own."""
    for piece in {value, value.strip(), *(line.strip() for line in value.splitlines())}:
        for form in {piece, _quoted(piece)}:
            if len(form) >= _SHORTEST and form not in _values:
                _values.append(form)
    # The longest first: a value that contains another one is masked whole.
    _values.sort(key=len, reverse=True)


def masked(text: str) -> str:
    """The text without any registered value."""
    for value in _values:
        if value in text:
            text = text.replace(value, MASK)
    return text


def masked_document(value: object) -> object:
    """A JSON value whose strings, keys included, hold no registered value."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {masked(str(key)): masked_document(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked_document(item) for item in value]
    return value


def forget() -> None:
    """Drop every registered value (a test starts clean)."""
    _values.clear()


def _quoted(piece: str) -> str:
    """The value as it stands in a URL, where a tool prints one with credentials."""
    if piece.isalnum():
        return piece
    from urllib.parse import quote

    return quote(piece, safe="")
