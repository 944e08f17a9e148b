"""The nearest name: what a misspelt word most likely meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The name of ``names`` that ``word`` was most likely meant to be, or None if none is near."""
    import difflib

    by_folded = {name.lower().replace("-", "_"): name for name in names}
    folded = word.lower().replace("-", "_")
    # An abbreviation shares too few letters with what it stands for to be close to it.
    longer = [name for name in by_folded if len(folded) >= 3 and name.startswith(folded)]
    close = longer if len(longer) == 1 else difflib.get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """How to repair an unknown word: the nearest name, else the few names that there are."""
    known = sorted(names)
    near = nearest(word, known)
    if near is not None:
        return f"did you mean {near}?"
    return f"known here: {', '.join(known)}" if 0 < len(known) <= 12 else ""
