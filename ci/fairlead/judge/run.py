"""Judge compose files: every layer that can look at them, over every combination that is declared.

The layers run in their order: *read* (YAML, interpolation, merge), *schema*, *model* (what Compose checks
itself, and what it misses), *policy*, *release* (what Fairlead can't roll out). *compose*, the docker-compose of
this machine, is asked first and heard last, so that it works while the others do; what it said before of the very same
files it is not asked again.

A layer that could not look says why, and what could not be seen is an error of its own: nothing passes unseen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from fairlead.findings import SEVERITIES, Finding
from fairlead.judge.asked.question import Question
from fairlead.judge.scopes import declared_variables
from fairlead.judge.verdict import (
    ALWAYS,
    READING,
    UNSEEN,
    Judged,
    Layer,
    Request,
    Verdict,
    order_of,
    place_of,
)
from fairlead.quick.records import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.app.layout import Layout
    from fairlead.composefile.loader import Model
    from fairlead.findings import Location
    from fairlead.judge.policy import Subject
    from fairlead.judge.scopes import Scope


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
        from fairlead.judge.baseline import apply_baseline

        services = {name for one in judged for name in one.services}
        held = _verdict(found, judged, request).unsilenced
        rest = [finding for finding in found if finding not in held]
        varying = [one for one in rest if one.rank and _is_of_variable(one, judged)]
        rest, known, stale = apply_baseline(
            rest, request.baseline, services, except_rules=ALWAYS, varying=varying
        )
        found = sorted((*held, *rest), key=order_of)
    return replace(_verdict(found, judged, request), baselined=known, stale=stale)


def _is_of_variable(finding: Finding, judged: Sequence[Judged]) -> bool:
    """Whether what is written at a finding's place has a variable in it."""
    waiting = [one.model.node(finding.path) for one in judged]
    while waiting:
        node = waiting.pop()
        if node is not None:
            if "$" in node.text:
                return True
            waiting += [entry.node for entry in node.entries.values()]
    return False


def _verdict(found: Sequence[Finding], judged: Sequence[Judged], request: Request) -> Verdict:
    return Verdict(
        findings=tuple(found),
        waived=tuple(dict.fromkeys(waived for one in judged for waived in one.waived)),
        baselined=(),
        stale=(),
        layers=_all_layers(judged),
        judged=tuple(judged),
        strict=request.strict,
        chosen=bool(request.rules),
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
        self.question = Question(scope.without_commit) if request.ask else None
        from fairlead.composefile.loader import load_model

        began = time.perf_counter()
        self.scope = scope
        self.model = load_model(
            scope.files,
            variables=scope.variables,
            name=scope.project,
            env_files=scope.env_files,
            texts=request.texts,
        )
        self.seconds = time.perf_counter() - began
        if self.question is not None:
            self.question.settle(self.model)


def _judge_scope(opened: _Opened, request: Request) -> Judged:
    from fairlead.composefile.consistency import model_findings
    from fairlead.composefile.schema import schema_findings
    from fairlead.judge.policy import apply_waivers, policy_findings

    scope, model = opened.scope, opened.model
    watch = _Watch()
    watch.layers.append(Layer("read", ran=True, seconds=opened.seconds))
    findings = list(model.faults)
    rules = {finding.rule for finding in findings}
    broken_files = _broken_files(model)
    unread = "the files could not be read" if _is_nothing_whole(model, broken_files) else ""
    unseen = "a part of the files could not be seen" if UNSEEN in rules else ""
    version = request.compose_version
    findings += watch.run("schema", lambda: schema_findings(model, compose_version=version))
    findings += watch.run(
        "model", lambda: _outside(broken_files, model_findings(model)), unless=unread or unseen
    )
    subject = _subject(model, scope, request)
    broken = any(finding.severity == "error" for finding in findings)
    findings += watch.run("policy", lambda: _outside(broken_files, policy_findings(subject)), unless=unread)
    layout, release = _release(watch, opened, request, "the files do not hold" if broken else "")
    unmeant = any(finding.rule == "x-fairlead" for finding in findings)
    held = _held(opened, request) if broken or unmeant else frozenset()
    # What no deploy takes does not run, whatever its rule; what a deploy does on its own is no hardening.
    unreleasable = [replace(one, rank=1) for one in release if one.severity == "error"]
    unreleasable += [finding for finding in findings if place_of(finding) in held]
    findings = [finding for finding in findings if place_of(finding) not in held]
    findings += [replace(one, rank=3) for one in release if one.severity != "error"]
    if opened.question is not None:
        layer, said = opened.question.answer(model, [*findings, *unreleasable])
        watch.layers.append(layer)
        findings += said
    else:
        watch.layers.append(Layer("compose", ran=False, why_not="it was not asked"))
    hidden, held_back = _hidden(model, findings), _hidden(model, unreleasable)
    # A waiver accepts what runs although it is not good: this would not run.
    kept, waived = apply_waivers(hidden, model)
    return Judged(
        scope=scope,
        model=model,
        services=subject.services,
        findings=(*kept, *held_back),
        waived=tuple(waived),
        layers=tuple(watch.layers),
        unreleasable=held_back,
        layout=layout,
    )


def _broken_files(model: Model) -> frozenset[str]:
    """The files that are no YAML somewhere: after that they may lack what is written in them.

    Of a key that stands twice, the last is what it would be: that hides nothing else.
    """
    return frozenset(
        fault.location.path for fault in model.faults if fault.rule == "yaml" and fault.location is not None
    )


def _is_nothing_whole(model: Model, broken: frozenset[str]) -> bool:
    return bool(broken) and all(document.path in broken for document in model.documents)


def _outside(broken: frozenset[str], findings: Iterable[Finding]) -> Iterable[Finding]:
    """The findings in files that are whole."""
    if not broken:
        return findings
    return [one for one in findings if one.location is None or one.location.path not in broken]


def _hidden(model: Model, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings without a value of a variable or a secret in their words."""
    if not findings:
        return ()
    from fairlead.judge.hiding import Hider

    return Hider(model).findings(findings)


def _subject(model: Model, scope: Scope, request: Request) -> Subject:
    from fairlead.app.services import infer_services
    from fairlead.judge.policy import Subject

    settings = request.settings
    if settings is not None and scope.deployed:
        from fairlead.app.images.builds import settle_images

        # What is wrong with the builds is found where they are taken for a release.
        settings = settle_images(settings, model)[0]
    services = infer_services(
        model.value.get("services") or {},
        root=scope.root,
        images=settings.images if settings is not None else None,
        registry=scope.registry,
        deployed=scope.deployed,
        volumes=model.value.get("volumes"),
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
        declared=declared_variables(settings, scope),
        images=tuple(settings.images) if settings is not None else None,
        strict=request.strict,
    )


def _release(
    watch: _Watch, opened: _Opened, request: Request, unless: str
) -> tuple[Layout | None, list[Finding]]:
    """What Fairlead could not roll out: asked of files that hold, where it is Fairlead that deploys them."""
    scope, model = opened.scope, opened.model
    if not scope.deployed or request.settings is None or scope.environment is None:
        return None, []
    from fairlead.app.stand_in import try_release

    settings, environment = request.settings, scope.environment
    layouts: list[Layout | None] = []

    def look() -> Sequence[Finding]:
        layout, findings = try_release(settings, environment, model, scope.revision)
        layouts.append(layout)
        return findings

    findings = watch.run("release", look, unless=unless)
    return (layouts[0] if layouts else None), findings


def _held(opened: _Opened, request: Request) -> frozenset[tuple[str, Location | None, str]]:
    """The findings for which a deploy refuses files that do not hold, whoever has accepted them."""
    scope = opened.scope
    if not scope.deployed or request.settings is None or scope.environment is None:
        return frozenset()
    from fairlead.app.load import model_faults

    return frozenset(place_of(finding) for finding in model_faults(opened.model, request.settings))


def _union(judged: Sequence[Judged]) -> list[Finding]:
    """The findings of all combinations, each once and as bad as it is anywhere, what matters most first."""
    worst: dict[object, Finding] = {}
    for one in judged:
        for finding in one.findings:
            if finding.rule == "waiver" and not _is_waiver_wrong_everywhere(finding, judged):
                continue
            alike = (finding.what, finding.location, finding.rule, finding.path)
            before = worst.get(alike)
            if before is None or _gravity(finding) < _gravity(before):
                worst[alike] = finding
    return sorted(worst.values(), key=order_of)


def _gravity(finding: Finding) -> tuple[int, int]:
    from fairlead.judge.policy.rule import rank_of

    return SEVERITIES.index(finding.severity), rank_of(finding)


def _is_waiver_wrong_everywhere(finding: Finding, judged: Sequence[Judged]) -> bool:
    """A waiver that takes something out in one combination is used, whatever the others say."""
    file = finding.location.path if finding.location is not None else ""
    return all(
        any(other.what == finding.what and other.location == finding.location for other in one.findings)
        for one in judged
        if any(document.path == file for document in one.model.documents)
    )


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
