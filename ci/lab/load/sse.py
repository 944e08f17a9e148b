"""Server-sent events as a client reads them."""

from __future__ import annotations


class EventParser:
    """Text in, the ids of whole events out; comments that keep a connection alive are passed over."""

    def __init__(self) -> None:
        self._raw = b""

    def feed(self, data: bytes) -> list[str]:
        """Take bytes; the id of each event that is whole now ("" where it has none)."""
        *whole, self._raw = (self._raw + data).replace(b"\r\n", b"\n").split(b"\n\n")
        ids = []
        for event in whole:
            fields = dict(
                line.partition(b":")[::2] for line in event.split(b"\n") if not line.startswith(b":")
            )
            if b"data" in fields:
                ids.append(fields.get(b"id", b"").strip().decode())
        return ids


def count_missed(last: int, event: str) -> tuple[int, int]:
    """How many events lie between the last number and this one, and the new last number; numbers only grow."""
    number = int(event) if event.isdecimal() else last
    return max(0, number - last - 1) if last else 0, max(number, last)
