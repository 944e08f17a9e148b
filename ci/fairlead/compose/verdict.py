"""The verdict on compose files: every layer that can look at them, over every combination that is declared.

The layers run in their order: *read* (YAML, interpolation, merge), *schema*, *model* (what Compose checks
itself, and what it misses), *policy*, *release* (what Fairlead can't roll out). *compose*, the docker-compose of
this machine, is asked first and heard last, so that it works while the others do; what it said before of the very same
files it is not asked again.

A layer that could not look says why, and what could not be seen is an error of its own: nothing passes unseen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from fairlead.findings import SEVERITIES, Finding
from fairlead.records import dataclass, field, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.compose.asked import Answer
    from fairlead.compose.baseline import Baseline
    from fairlead.compose.loader import Model
    from fairlead.compose.model import Service
    from fairlead.compose.policy import Policy, Subject, Waived
    from fairlead.compose.scopes import Scope
    from fairlead.settings import Settings

UNSEEN = "unseen"
"""The rule of what could not be looked at."""
ALWAYS = frozenset({UNSEEN, "yaml", "duplicate-key"})
"""Rules that no baseline silences: without them the others mean nothing."""
READING = ALWAYS | {"interpolation", "include", "extends", "env-file"}
"""Rules of the first layer: no choice of rules silences them."""
_UNREADABLE = frozenset({"yaml", "duplicate-key"})


@dataclass(frozen=True)
class Layer:
    """One way of looking at the files.

    Attributes:
        name: read, schema, model, policy, release, compose.
        ran: whether it looked at all of them.
        why_not: if it did not, in words.
        seconds: how long it took, over all combinations.
        note: what else is worth knowing: which docker-compose it was.
    """

    name: str
    ran: bool
    why_not: str = ""
    seconds: float = 0.0
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to judge, and by which measure.

    Attributes:
        scopes: the combinations of files; at least one.
        policy: severities and allowed lists.
        settings: fairlead.yaml, where there is one.
        compose_version: the oldest Compose that will run the files; empty for the oldest supported.
        ask: whether the docker-compose of this machine is asked.
        baseline: findings that were there before.
        rules: show only these; empty for all.
        strict: warnings fail as well.
    """

    scopes: tuple[Scope, ...]
    policy: Policy
    settings: Settings | None = None
    compose_version: str = ""
    ask: bool = True
    baseline: Baseline | None = None
    rules: frozenset[str] = frozenset()
    strict: bool = False


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One combination of files as it was seen."""

    scope: Scope
    model: Model = field(repr=False)
    services: Mapping[str, Service] = field(repr=False)
    findings: tuple[Finding, ...]
    waived: tuple[Waived, ...] = ()
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What all layers say about all combinations.

    Attributes:
        findings: what counts, in the order of the files.
        waived: what a waiver in the file takes out.
        baselined: what the baseline knows already.
        stale: what the baseline knows and nobody finds any more, in words.
        layers: each layer once, over all combinations.
        judged: the combinations, with their models.
    """

    findings: tuple[Finding, ...]
    waived: tuple[Waived, ...]
    baselined: tuple[Finding, ...]
    stale: tuple[str, ...]
    layers: tuple[Layer, ...]
    judged: tuple[Judged, ...]
    strict: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether every part of the files could be looked at."""
        return all(finding.rule != UNSEEN for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """0: it passes; 11: a finding fails it; 12: nothing fails it, but a part could not be seen."""
        failing = ("error", "warning") if self.strict else ("error",)
        if any(finding.severity in failing and finding.rule != UNSEEN for finding in self.findings):
            return 11
        return 0 if self.is_complete else 12

    @property
    def passed(self) -> bool:
        return self.exit_code == 0

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that took part, as the user knows it, once."""
        return tuple(
            dict.fromkeys(document.path for judged in self.judged for document in judged.model.documents)
        )

    @property
    def models(self) -> tuple[Model, ...]:
        return tuple(judged.model for judged in self.judged)

    def count(self, severity: str) -> int:
        """How many findings of a severity count."""
        return sum(finding.severity == severity for finding in self.findings)


def judge(request: Request) -> Verdict:
    """Run all layers over all combinations."""
    opened = [_Opened(scope, request) for scope in request.scopes]
    judged = [_judge_scope(one, request) for one in opened]
    found = _union(judged)
    if request.rules:
        found = [finding for finding in found if finding.rule in request.rules or finding.rule in READING]
    known: tuple[Finding, ...] = ()
    stale: tuple[str, ...] = ()
    if request.baseline is not None:
        from fairlead.compose.baseline import apply_baseline

        models = [one.model for one in judged]
        found, known, stale = apply_baseline(found, request.baseline, models, except_rules=ALWAYS)
    return Verdict(
        findings=tuple(found),
        waived=tuple(dict.fromkeys(waived for one in judged for waived in one.waived)),
        baselined=known,
        stale=stale,
        layers=_all_layers(judged),
        judged=tuple(judged),
        strict=request.strict,
    )


class _Question:
    """What docker-compose says of a combination: remembered, or asked while everything else goes on."""

    def __init__(self, scope: Scope) -> None:
        from fairlead.compose.remembered import may_recall

        self._scope = scope
        self._asked: Any = None
        self._known: Answer | None = None
        if not may_recall(scope):
            self._ask()

    def settle(self, model: Model) -> None:
        """Now that it is known what the answer depends on: take the remembered one, or ask after all."""
        from fairlead.compose.remembered import recall

        if self._asked is None:
            self._known = recall(self._scope, model)
            if self._known is None:
                self._ask()

    def answer(self, model: Model, findings: Sequence[Finding]) -> tuple[Layer, tuple[Finding, ...]]:
        """The layer, and where docker-compose disagrees with what the others found."""
        from fairlead.compose.asked import compare

        began = time.perf_counter()
        known = self._known
        if known is None:
            known = self._asked.answer()
            if known is None:
                return Layer("compose", ran=False, why_not=self._asked.why_not), ()
            from fairlead.compose.remembered import remember

            remember(self._scope, model, self._asked.binary, known)
            note = f"docker-compose {known.version}"
        else:
            note = f"docker-compose {known.version}, as it said before of the same files"
        layer = Layer("compose", ran=True, seconds=time.perf_counter() - began, note=note)
        return layer, compare(known, model, findings)

    def _ask(self) -> None:
        from fairlead.compose.asked import ask_compose

        scope = self._scope
        self._asked = ask_compose(
            scope.files, scope.variables, project=scope.project, env_files=scope.env_files
        )


class _Watch:
    """Runs layers one after the other and keeps their times."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []

    def run(self, name: str, look: Callable[[], Iterable[Finding]], *, unless: str = "") -> list[Finding]:
        """The findings of a layer; with a reason in ``unless``, it does not run."""
        if unless:
            self.layers.append(Layer(name, ran=False, why_not=unless))
            return []
        began = time.perf_counter()
        findings = list(look())
        self.layers.append(Layer(name, ran=True, seconds=time.perf_counter() - began))
        return findings


class _Opened:
    """A combination whose files are read, and about which docker-compose is being asked."""

    def __init__(self, scope: Scope, request: Request) -> None:
        # Asked before the loader is even imported: it is what takes longest.
        self.question = _Question(scope) if request.ask else None
        from fairlead.compose.loader import load_model

        began = time.perf_counter()
        self.scope = scope
        self.model = load_model(
            scope.files, variables=scope.variables, name=scope.project, env_files=scope.env_files
        )
        self.seconds = time.perf_counter() - began
        if self.question is not None:
            self.question.settle(self.model)


def _judge_scope(opened: _Opened, request: Request) -> Judged:
    from fairlead.compose.consistency import model_findings
    from fairlead.compose.policy import apply_waivers, policy_findings
    from fairlead.compose.schema import schema_findings

    scope, model = opened.scope, opened.model
    watch = _Watch()
    watch.layers.append(Layer("read", ran=True, seconds=opened.seconds))
    findings = list(model.faults)
    rules = {finding.rule for finding in findings}
    unread = "the files could not be read" if rules & _UNREADABLE else ""
    unseen = "a part of the files could not be seen" if UNSEEN in rules else ""
    version = request.compose_version
    findings += watch.run("schema", lambda: schema_findings(model, compose_version=version))
    findings += watch.run("model", lambda: model_findings(model), unless=unread or unseen)
    subject = _subject(model, scope, request)
    broken = any(finding.severity == "error" for finding in findings)
    findings += watch.run("policy", lambda: policy_findings(subject), unless=unread)
    findings += _release(watch, opened, request, "the files do not hold" if broken else "")
    if opened.question is not None:
        layer, said = opened.question.answer(model, findings)
        watch.layers.append(layer)
        findings += said
    else:
        watch.layers.append(Layer("compose", ran=False, why_not="it was not asked"))
    kept, waived = apply_waivers(tuple(findings), model)
    return Judged(
        scope=scope,
        model=model,
        services=subject.services,
        findings=tuple(kept),
        waived=tuple(waived),
        layers=tuple(watch.layers),
    )


def _subject(model: Model, scope: Scope, request: Request) -> Subject:
    from fairlead.compose.policy import Subject
    from fairlead.compose.services import infer_services

    settings = request.settings
    services = infer_services(
        model.value.get("services") or {},
        root=scope.root,
        images=settings.images if settings is not None else None,
        registry=scope.registry,
        deployed=scope.deployed,
    )
    return Subject(
        model,
        services,
        request.policy,
        development=scope.is_development(model.value),
        deployed=scope.deployed,
        profiles=scope.profiles,
        root=scope.root if scope.deployed else None,
        given=frozenset(scope.variables) if scope.deployed else frozenset(),
        images=tuple(settings.images) if settings is not None else None,
    )


def _release(watch: _Watch, opened: _Opened, request: Request, unless: str) -> list[Finding]:
    """What Fairlead could not roll out: asked of files that hold, where it is Fairlead that deploys them."""
    scope, model = opened.scope, opened.model
    if not scope.deployed or request.settings is None or scope.environment is None:
        return []
    from fairlead.compose.check import release_findings

    settings, environment = request.settings, scope.environment
    return watch.run("release", lambda: release_findings(settings, environment, model), unless=unless)


def _union(judged: Sequence[Judged]) -> list[Finding]:
    """The findings of all combinations, each once and as bad as it is anywhere, in the order of the files."""
    worst: dict[Finding, Finding] = {}
    for one in judged:
        for finding in one.findings:
            if finding.rule == "waiver" and not _is_waiver_wrong_everywhere(finding, judged):
                continue
            alike = replace(finding, severity="error", fix="", repair=None)
            before = worst.get(alike)
            if before is None or SEVERITIES.index(finding.severity) < SEVERITIES.index(before.severity):
                worst[alike] = finding
    return sorted(worst.values(), key=_place)


def _is_waiver_wrong_everywhere(finding: Finding, judged: Sequence[Judged]) -> bool:
    """A waiver that takes something out in one combination is used, whatever the others say."""
    file = finding.location.path if finding.location is not None else ""
    return all(
        any(other.what == finding.what and other.location == finding.location for other in one.findings)
        for one in judged
        if any(document.path == file for document in one.model.documents)
    )


def _place(finding: Finding) -> tuple[Any, ...]:
    location = finding.location
    place = (location.path, location.line, location.column) if location is not None else ("", 0, 0)
    return (*place, SEVERITIES.index(finding.severity), finding.rule, finding.what)


def _all_layers(judged: Sequence[Judged]) -> tuple[Layer, ...]:
    """Each layer once: it ran if it looked at every combination."""
    merged: dict[str, Layer] = {}
    for layer in (layer for one in judged for layer in one.layers):
        before = merged.get(layer.name)
        if before is None:
            merged[layer.name] = layer
            continue
        merged[layer.name] = replace(
            before,
            ran=before.ran and layer.ran,
            why_not=before.why_not or layer.why_not,
            seconds=before.seconds + layer.seconds,
        )
    return tuple(merged.values())


def shown_files(scopes: Sequence[Scope]) -> str:
    """The files of the combinations in words, for one line."""
    from fairlead.settings import shown_path

    names = list(dict.fromkeys(shown_path(Path(file)) for scope in scopes for file in scope.files))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
