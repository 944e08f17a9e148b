"""Findings without values: what a variable has here, what a file of variables holds, what a secret is.

A rule quotes what is wrong, and what is wrong may be a secret in the wrong place. So whatever the rule, a value is taken
out of its words where a verdict is made: every form of it, the baseline and the release's evidence are made from those.
A variable's value becomes its name: the same words on every machine.
"""

from __future__ import annotations

from fairlead.quick.records import replace
from fairlead.secret_signs.addresses import is_closed, passwords_in
from fairlead.secret_signs.lines import HIDDEN, is_secret, without_keys
from fairlead.secret_signs.words import secrets_in
from fairlead.secret_signs.written import is_known, is_value, reduced

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fairlead.composefile.loader import Model
    from fairlead.findings import Finding
    from fairlead.yaml_nodes import Node

SHORTEST = 4
"""A shorter value is not hidden: words would be torn to pieces, and nothing that is worth hiding is so short."""
_BETWEEN = "\n\0\n"
"""What no text and no value has in it."""
_OURS = "FAIRLEAD_"
_NAMES_BELOW = frozenset(("secret_environment", "waive"))
"""Keys below which names and reasons stand, however they are called."""


class Hider:
    """Takes the values of one model out of texts; what they are is found out when the first text comes."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._found: list[tuple[str, str]] | None = None

    def findings(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings with the same places and other words."""
        given = tuple(findings)
        # Rules say the same of many services.
        words = list(dict.fromkeys(text for finding in given for text in (finding.what, finding.fix)))
        # Hardly any word of a finding is a value: one look at all of them.
        shown = self.text(_BETWEEN.join(words)).split(_BETWEEN)
        if len(shown) != len(words):
            # A key that goes over several lines took the end of a text with it.
            shown = [self.text(text) for text in words]
        changed = {text: new for text, new in zip(words, shown, strict=True) if new != text}
        if not changed:
            return given
        return tuple(
            replace(
                finding,
                what=changed.get(finding.what, finding.what),
                fix=changed.get(finding.fix, finding.fix),
            )
            if finding.what in changed or finding.fix in changed
            else finding
            for finding in given
        )

    def text(self, text: str) -> str:
        """A text without the values."""
        for value, shown in self._values() if text else ():
            if value in text:
                text = text.replace(value, shown)
        return without_keys(text)

    def _values(self) -> list[tuple[str, str]]:
        """Each value with what is shown instead, the longest first."""
        if self._found is None:
            written = _Written(self._model)
            given = {**_of_files(self._model.root), **_of_variables(self._model)}
            found = {value: name for value, name in given.items() if value not in written.text}
            found |= dict.fromkeys((value for value in written.secrets if value not in written.words), HIDDEN)
            self._found = sorted(found.items(), key=lambda pair: (-len(pair[0]), pair))
        return self._found


class _Written:
    """What the files say: the values of secrets, and all else."""

    def __init__(self, model: Model) -> None:
        self.secrets: set[str] = set()
        self.words: set[str] = set()
        for document in model.documents:
            if document.root is not None:
                self._walk(document.root)
        self.text = "\n".join(self.words)

    def _walk(self, root: Node) -> None:
        # Each with whether it stands below the name of a secret.
        stack = [(root, False)]
        seen: set[int] = set()
        while stack:
            node, is_below = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if not node.entries:
                self._take(node.text, is_below)
                continue
            items: list[str] = []
            for key, entry in node.entries.items():
                if isinstance(key, str):
                    self.words.add(key)
                    if key not in _NAMES_BELOW:
                        stack.append((entry.node, is_below or is_secret(key)))
                else:
                    stack.append((entry.node, is_below))
                    items.append(entry.node.text)
            if items:
                self._hide(value for _, _, value in secrets_in([reduced(item) for item in items]))

    def _take(self, text: str, is_below: bool) -> None:
        name, equals, value = text.partition("=")
        if is_below:
            self._hide((text, reduced(text), *_words_of_demand(text)))
        elif equals and is_secret(name):
            self._hide((value, reduced(value), *_words_of_demand(value)))
            self.words.add(name)
        else:
            hidden = [one for one in passwords_in(text) if is_closed(one)] if equals or "://" in text else []
            if " -" in text or equals:
                hidden += [one for _, _, one in secrets_in(reduced(text).split())]
            self._hide(hidden)
            if not hidden:
                self.words.add(text)

    def _hide(self, values: Iterable[str]) -> None:
        for value in values:
            stripped = value.strip("'\" \n")
            if len(stripped) >= SHORTEST and is_value(stripped) and not is_known(stripped):
                self.secrets.add(stripped)


def _words_of_demand(text: str) -> Iterator[str]:
    """What stands where a variable of a secret is demanded: words, or by mistake the secret."""
    for part in text.split("${")[1:]:
        inner = part.partition("}")[0]
        for operator in ("?", "-", "+"):
            yield inner.partition(operator)[2]
    head = text.partition("${")[0]
    yield head


def _of_variables(model: Model) -> dict[str, str]:
    """The values of variables that the files use."""
    names = {use.name for use in model.uses if not use.name.startswith(_OURS)}
    found = ((model.variables.get(name, ""), f"${{{name}}}") for name in sorted(names))
    return {value: shown for value, shown in found if len(value) >= SHORTEST}


def _of_files(root: Node) -> dict[str, str]:
    """The values of files of variables: nothing is written where they stand in the model."""
    found: dict[str, str] = {}
    services = root.entries.get("services")
    for service in services.node.entries.values() if services is not None else ():
        for key in ("environment", "labels"):
            given = service.node.entries.get(key)
            for entry in given.node.entries.values() if given is not None else ():
                value = entry.node.value
                if not entry.node.text and isinstance(value, str) and len(value) >= SHORTEST:
                    found[value] = HIDDEN
    return found
