"""A last line of defence: registered secret values are masked in whatever Fairlead prints, in whatever form.

Secrets are not meant to come here at all: they travel in types whose ``repr`` is ``***``, by stdin or file.
This filter catches the tool that prints its own credentials in an error message.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fairlead.host.wire.mask import Mask


class _Known:
    """The values of this process, and who else is to hear of each."""

    def __init__(self) -> None:
        self.values: dict[str, None] = {}
        self.mask: Mask | None = None
        self.tell: Callable[[str], None] | None = None


_known = _Known()


def redact(value: str) -> None:
    """Register a secret value; each line of a long one (a private key) is masked on its own."""
    if not value.strip() or value in _known.values:
        return
    _known.values[value] = None
    _known.mask = None
    if _known.tell is not None:
        _known.tell(value)


def tell_values(tell: Callable[[str], None]) -> None:
    """Let ``tell`` hear of every value, of those that are known and of each one that comes."""
    _known.tell = tell
    for value in _known.values:
        tell(value)


def masked(text: str) -> str:
    """The text without any registered value."""
    return _mask().text(text) if _known.values else text


def masked_document(value: object) -> object:
    """A JSON value whose strings, keys included, hold no registered value."""
    return _mask().document(value) if _known.values else value


def forget() -> None:
    """Drop every registered value (a test starts clean)."""
    _known.values.clear()
    _known.mask = None
    _known.tell = None


def _mask() -> Mask:
    if _known.mask is None:
        from fairlead.host.wire.mask import Mask

        _known.mask = Mask(_known.values)
    return _known.mask
