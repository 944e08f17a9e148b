"""A text under change that knows which of it was there before: several rounds of splices as one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fairlead.judge.fix.edits import Splice


class Pieces:
    """A text as pieces: what stood in the text before, by its offset there, and what came in, with -1."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._before = len(text)
        self._pieces = [(0, text)]

    def spliced(self, splices: Sequence[Splice]) -> Pieces:
        """All splices at once, on the text as it is now; of several at one place the first stands first."""
        made = Pieces("")
        made._before = self._before
        made._pieces = []
        at = 0
        cut = _Cut(self._pieces)
        for splice in sorted(splices, key=lambda one: (one.start, one.end)):
            made._pieces += [*cut.take(splice.start - at), (-1, splice.text)]
            cut.drop(splice.end - splice.start)
            at = splice.end
        made._pieces += cut.take(len(self.text) - at)
        made.text = "".join(text for _, text in made._pieces)
        return made

    def take(self, other: Pieces) -> None:
        """Become the other one."""
        self.text, self._pieces = other.text, other._pieces

    def changes(self) -> Iterator[Splice]:
        """What makes the text of the one before."""
        start, put = 0, ""
        for offset, text in (*self._pieces, (self._before, "")):
            if offset < 0:
                put += text
                continue
            if put or offset > start:
                yield Splice(start, offset, put)
            start, put = offset + len(text), ""


class _Cut:
    """Pieces that are taken from the front."""

    def __init__(self, pieces: Sequence[tuple[int, str]]) -> None:
        self._left = list(reversed(pieces))

    def take(self, length: int) -> list[tuple[int, str]]:
        """The next characters."""
        taken = []
        while length > 0:
            offset, text = self._left.pop()
            if len(text) > length:
                self._left.append((offset + length if offset >= 0 else offset, text[length:]))
                text = text[:length]
            taken.append((offset, text))
            length -= len(text)
        return taken

    def drop(self, length: int) -> None:
        """Pass the next characters over."""
        self.take(length)
