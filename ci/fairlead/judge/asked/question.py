"""The question to the docker-compose of this machine about one combination of files."""

from __future__ import annotations

import time
from collections.abc import Sequence

from fairlead.findings import Finding
from fairlead.judge.verdict import Layer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.composefile.loader import Model
    from fairlead.judge.asked.answer import Answer
    from fairlead.judge.scopes import Scope


class Question:
    """What docker-compose says of a combination: remembered, or asked while everything else goes on."""

    def __init__(self, scope: Scope) -> None:
        from fairlead.judge.asked.remembered import may_recall

        self._scope = scope
        self._asked: Any = None
        self._known: Answer | None = None
        if not may_recall(scope):
            self._ask()

    def settle(self, model: Model) -> None:
        """Now that it is known what the answer depends on: take the remembered one, or ask after all."""
        from fairlead.judge.asked.remembered import recall

        if self._asked is None and not model.is_confined and not _is_bomb(model):
            self._known = recall(self._scope, model)
            if self._known is None:
                self._ask()

    def answer(self, model: Model, findings: Sequence[Finding]) -> tuple[Layer, tuple[Finding, ...]]:
        """The layer, and where docker-compose disagrees with what the others found."""
        from fairlead.judge.asked.answer import compare

        if _is_bomb(model):
            # It has no bound for what aliases stand for.
            if self._asked is not None:
                self._asked.drop()
            return Layer("compose", ran=False, why_not="aliases in the files stand for too much"), ()
        if model.is_confined:
            # Its words could tell what is in the file.
            if self._asked is not None:
                self._asked.drop()
            return Layer("compose", ran=False, why_not="the files name one outside of the repository"), ()
        began = time.perf_counter()
        known = self._known
        if known is None:
            known = self._asked.answer()
            if known is None:
                return Layer("compose", ran=False, why_not=self._asked.why_not), ()
            from fairlead.judge.asked.remembered import remember

            remember(self._scope, model, self._asked.binary, known)
            note = f"docker-compose {known.version}"
        else:
            note = f"docker-compose {known.version}, as it said before of the same files"
        layer = Layer("compose", ran=True, seconds=time.perf_counter() - began, note=note)
        return layer, compare(known, model, findings)

    def _ask(self) -> None:
        from fairlead.judge.asked.answer import ask_compose

        scope = self._scope
        self._asked = ask_compose(
            scope.files, scope.variables, project=scope.project, env_files=scope.env_files
        )


def _is_bomb(model: Model) -> bool:
    from fairlead.yaml_nodes import MAX_NODES

    return any(fault.rule == "yaml" and f"{MAX_NODES:,} values" in fault.what for fault in model.faults)
