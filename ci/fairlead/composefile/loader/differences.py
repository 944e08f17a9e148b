"""Where the loader and one or another supported Compose give different values, and why.

Compose's own versions differ here from one another. The loader gives one answer for all of them.
"""

from __future__ import annotations

from fairlead.quick.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.findings import Finding
    from fairlead.positions import ValuePath


@dataclass(frozen=True)
class Difference:
    """A known difference.

    Attributes:
        name: of the attribute or the form.
        pattern: the path of the value; ``*`` is any step, ``**`` at the end any number of them. Empty where the
            values alone tell, so that no comparison passes over others.
        compose: which Compose says something else, and what.
        reason: why the loader says what it says.
        faults: whether the loader also refuses what that Compose takes.
    """

    name: str
    pattern: ValuePath
    compose: str
    reason: str
    faults: bool = False

    def explains(self, path: ValuePath) -> bool:
        """Whether it is about a value."""
        pattern = self.pattern
        if not pattern:
            return False
        if pattern[-1:] == ("**",):
            pattern, path = pattern[:-1], path[: len(pattern) - 1]
        if len(pattern) != len(path):
            return False
        return all(
            wanted in {"*", step} or (str(wanted).endswith("*") and str(step).startswith(str(wanted)[:-1]))
            for wanted, step in zip(pattern, path, strict=True)
        )

    def is_fault(self, fault: Finding) -> bool:
        """Whether it is about a fault."""
        return self.faults and self.explains(fault.path)


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "x- attributes in a second file",
        ("services", "*", "x-*", "**"),
        "before 2.30, the second file's replaces the first's; since 2.35, another kind than the first's is refused",
        "those between merge them, mapping by mapping, and take the later of two kinds; the refusal is a warning",
        faults=True,
    ),
    Difference(
        "dates without quotes",
        (),
        "prints 2001-01-01 as 2001-01-01 00:00:00 +0000 UTC, or refuses it; 2.40 alone where a number may stand, too",
        "refused where text alone is meant; elsewhere the text as it is written, and rule yaml-trap tells it",
    ),
    Difference(
        "mode of secrets and configs",
        (),
        "since 2.36, printed as an octal text, and a text is read as octal; before, a text is read as decimal",
        "an integer is what every version reads; a text is octal, as everybody means it",
    ),
    Difference(
        "variables in env_file",
        (),
        "before 2.40, a value may use what the file set before even where environment sets it too",
        "since then, environment wins: so it does for the container",
    ),
    Difference(
        "devices",
        (),
        "before 2.30, printed as text",
        "the long form is what every later version prints",
    ),
    Difference(
        "label_file",
        (),
        "since 5, label_file is printed although its labels are already there",
        "the labels are what counts",
    ),
    Difference(
        "build.ssh",
        (),
        "prints the keys in another order each time",
        "the order of the file",
    ),
    Difference(
        "a resource that is included and declared too",
        (),
        "since 5, merges the two; before, refuses them unless they are equal",
        "refused: older supported versions do",
    ),
    Difference(
        "extends of a service that an included file declares",
        (),
        "since 5, found; before, refused",
        "extended, and refused: older supported versions do not find it",
    ),
    Difference(
        "pre_start hooks",
        (),
        "since 5, a hook is printed with what it takes over from its service",
        "printed as it is written; older versions do not know them",
    ),
    Difference(
        "ranges of ports",
        (),
        "prints an entry for each port, however many",
        "more than 20,000 in one app are left as they are written, with a finding of rule unseen",
    ),
    Difference(
        "variables of the caller's environment",
        (),
        "PATH, HOME and all else that the process has can be used in the files",
        "only what is handed over: a release must not depend on who makes it",
    ),
)
"""Every one has its reason; a test holds the loader to this table."""
