"""``x-fairlead`` in the compose files, as rules."""

from __future__ import annotations

from fairlead.app.extension import MERGED, replaced_keys, unknown_keys, wrong_values
from fairlead.judge.policy.fault import Fault
from fairlead.judge.policy.rule import app_rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairlead.app.extension import Wrong
    from fairlead.judge.policy.subject import Subject


@app_rule("unknown-extension-field")
def unknown_extension_field(subject: Subject) -> Iterator[Fault]:
    """A key of ``x-fairlead`` that nobody reads."""
    return map(_fault, unknown_keys(subject.model))


@app_rule("x-fairlead")
def wrong_extension(subject: Subject) -> Iterator[Fault]:
    """A value of ``x-fairlead`` that can't be meant."""
    return map(_fault, wrong_values(subject.model, subject.images))


@app_rule("extension-replaced")
def extension_replaced(subject: Subject) -> Iterator[Fault]:
    """An x-fairlead that replaces one which a merge key brings."""
    for one in replaced_keys(subject.model):
        lost = ", ".join(one.lost[:5]) + (f" and {len(one.lost) - 5} more" if len(one.lost) > 5 else "")
        kind = str(one.path[0]).removesuffix("s")
        what = f"{one.path[1]}: this x-fairlead replaces the one that a merge key brings: lost is {lost}"
        fix = f"give that one an anchor (x-fairlead: &fairlead), and write x-fairlead: {{{MERGED}, …}} in the {kind}"
        yield Fault(one.path, what, fix, location=one.place)


def _fault(wrong: Wrong) -> Fault:
    return Fault(wrong.path, wrong.what, wrong.fix, key=wrong.key)
