"""Random texts by seed: under the oldest Python there is nothing but pytest to make them."""

from __future__ import annotations

import random
from collections.abc import Iterator

_SPECIAL = "\x00\x07\x1b\r\n\t\x7f\x85\x9b\xad\u200b\u2028\u202e\u2066\ufeff\U000e0041'\"\\/%&+=<>$` é漢🚀"


def random_texts(
    seed: int, *, count: int = 300, least: int = 0, most: int = 40, printable: bool = False
) -> Iterator[str]:
    """Texts of letters, of what programs escape and, unless ``printable``, of what steers."""
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    alphabet = [*_SPECIAL, *map(chr, range(0x20, 0x7F)), *map(chr, range(0xA1, 0x180))]
    if printable:
        alphabet = [char for char in alphabet if char.isprintable()]
    for _ in range(count):
        text = "".join(chance.choices(alphabet, k=chance.randint(least, most)))
        if not printable or len(text.strip()) >= least:
            yield text
