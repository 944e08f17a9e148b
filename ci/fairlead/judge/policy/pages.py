"""The page of a rule: its title, its rank and grade, why it is there, a bad and a good example, sources.

docs/rules holds them, one a rule; the link ``rules`` beside this module takes them into the package. They are what is
written by hand, and what ``fairlead explain`` and SARIF show is read there, of the rules that are shown alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fairlead.findings import Severity
from fairlead.judge.policy.grades import GRADES
from fairlead.judge.policy.rule import GRAVE, RANKS, SEVERITY_OF_LETTER

FOLDER = Path(__file__).with_name("rules")
_MARKS = {
    "r": " and where Fairlead deploys it",
    "d": ", a note in files that serve development only",
    "+": "; `--fix` mends it",
    "!": "; no severity and no waiver changes it",
}
"""What a grade has beside its severity, and how a page says it."""
_OPTIONAL = "".join(f"(?:{re.escape(words)})?" for words in _MARKS.values())
_RANK = "|".join(f"{rank}, {words}" for rank, words in RANKS.items())
_STRICT = ", an error with `--strict`"
_GRADE = f"Rank (?P<rank>{_RANK})\\. An? (?P<severity>error|warning|note)(?P<strict>(?:{_STRICT})?)(?P<marks>{_OPTIONAL})"
_FORM = (
    ("a heading, `# RULE`, then an empty line", r"# (?P<name>[^\n]+)\n\n"),
    (
        "`**TITLE.**` and below it `Rank N, WORDS. GRADE.` in the words of other pages",
        rf"\*\*(?P<title>[^\n]+)\.\*\*\n{_GRADE}\.\n\n",
    ),
    ("why the rule is there, then `Not so:` or `Sources:`", r"(?P<why>\S.*?)\n\n(?=Not so:\n|Sources:\n)"),
    (
        "`Not so:` and `But so:`, each with a block of yaml; or neither",
        r"(?:Not so:\n\n```yaml\n(?P<bad>.+?)```\n\nBut so:\n\n```yaml\n(?P<good>.+?)```\n\n)?(?=Sources:\n)",
    ),
    ("`Sources:` and a list of them", r"Sources:\n\n(?P<sources>(?:- [^\n]+\n)+)\n"),
    (
        "`[All rules](README.md): GROUP` as the last line",
        r"\[All rules\]\(README\.md\): (?P<group>[^\n]+)\n\Z",
    ),
)
"""The parts of a page in their order: what each is, and how it is read."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule as a reader is told of it.

    Attributes:
        name: what stands in findings and waivers; it never changes.
        grade: ``E``, ``W`` or ``I`` with its marks and its rank, as in ``grades``.
        title: what is wrong, in a line.
        why: what happens because of it.
        bad: compose YAML in which it finds something; empty where no file shows it.
        good: the same as it should be.
        sources: standards, documentation, and what was measured.
        group: what it is about.
    """

    name: str
    grade: str
    title: str
    why: str
    bad: str
    good: str
    sources: tuple[str, ...]
    group: str

    @property
    def severity(self) -> Severity:
        """Of its findings, unless fairlead.yaml says otherwise, ``--strict`` is given, or Fairlead deploys them."""
        return "warning" if self.strict_only else SEVERITY_OF_LETTER[self.grade[0]]

    @property
    def rank(self) -> int:
        """1: it does not run; 2: it gives away host or data; 3: it will fail you at night; 4: hardening."""
        return int(self.grade[-1])

    @property
    def strict_only(self) -> bool:
        """It is an error with ``--strict``, and a warning by default."""
        return self.grade[0] == "E" and self.rank > GRAVE

    @property
    def deployed_error(self) -> bool:
        """It is an error where Fairlead deploys the files."""
        return "r" in self.grade

    @property
    def fixable(self) -> bool:
        """``fairlead validate --fix`` mends it."""
        return "+" in self.grade

    @property
    def development_note(self) -> bool:
        """It is a note in files that serve development only."""
        return "d" in self.grade

    @property
    def help_path(self) -> str:
        """Its page, from the root of the repository."""
        return f"docs/rules/{self.name}.md"


def read_rule(name: str) -> Rule:
    """What the page of a rule says.

    Raises:
        ValueError: the page is not of the form that all have, which `make check` tells before a user can meet it.
    """
    return parse_page(name, (FOLDER / f"{name}.md").read_text(encoding="utf-8"))


def read_rules() -> dict[str, Rule]:
    """Every rule that any layer can print, by name, in the order in which a reader meets them."""
    return {name: read_rule(name) for name in GRADES}


def parse_page(name: str, text: str) -> Rule:
    """The page of the rule of that name.

    Raises:
        ValueError: it is not of the form that all have.
    """
    said: dict[str, str] = {}
    place = 0
    for part, form in _FORM:
        found = re.compile(form, re.DOTALL).match(text, place)
        if found is None:
            line = text.count("\n", 0, place) + 1
            raise ValueError(f"docs/rules/{name}.md:{line}: here should stand {part}")
        place = found.end()
        said |= found.groupdict(default="")
    if said["name"] != name:
        raise ValueError(f"docs/rules/{name}.md:1: the heading names another rule, {said['name']}")
    sources = tuple(_unlinked(line.removeprefix("- ")) for line in said["sources"].splitlines())
    parts = {key: said[key] for key in ("title", "why", "bad", "good", "group")}
    grade = _grade(said["severity"], said["rank"][0], said["marks"], is_strict=bool(said["strict"]))
    rule = Rule(name=name, grade=grade, sources=sources, **parts)
    if (rule.severity, rule.strict_only) != (said["severity"], bool(said["strict"])):
        raise ValueError(f"docs/rules/{name}.md:4: an error of rank 3 or 4 is told as a warning{_STRICT}")
    return rule


def _grade(severity: str, rank: str, marks: str, *, is_strict: bool) -> str:
    meant = "error" if is_strict else severity
    letter = next(one for one, said in SEVERITY_OF_LETTER.items() if said == meant)
    return letter + "".join(mark for mark, words in _MARKS.items() if words in marks) + rank


def _unlinked(source: str) -> str:
    return source[1:-1] if source.startswith("<https://") else source
