"""What a deploy does not do unless it is asked to: each refusal says which option asks. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .bundle import Bundle
from .edge.plan import edge_faults
from .errors import InputFault
from .ledger import Ledger
from .release import Release
from .request import Options
from .state import State


@dataclass(frozen=True)
class Refusal:
    """Why a release will not be deployed as it is."""

    what: str
    why: str
    fix: str

    def to_json(self) -> dict[str, str]:
        return {"what": self.what, "why": self.why, "fix": self.fix}

    def to_fault(self) -> InputFault:
        return InputFault(self.what, why=self.why, fix=self.fix)


def plan_refusals(
    release: Release, state: State, options: Options, updated: Sequence[str]
) -> tuple[Refusal, ...]:
    """All reasons not to deploy; ``updated`` names the platform services that would be recreated."""
    return (
        *_of_another_origin(release, state, options),
        *_of_another_project(release, state),
        *_older(release, state, options),
        *_state_recreated(release, options, updated),
        *_resources_changed(release, state),
        *_of_the_edge(release, state),
    )


def plan_rollback_refusals(target: Bundle, state: State, options: Options) -> tuple[Refusal, ...]:
    """Why not to go back to a release: data that went on without it, or ports that others have now."""
    return (*_schema(target.id, state.ledger, options), *_of_the_edge(target.release, state))


def _of_the_edge(release: Release, state: State) -> Iterator[Refusal]:
    for fault in edge_faults(release, state.edge):
        yield Refusal(fault.what, fault.why, fault.fix)


def _schema(target: str, ledger: Ledger, options: Options) -> tuple[Refusal, ...]:
    runs = ledger.irreversible_since(target)
    if not runs or options.accept_schema == runs[-1].release:
        return ()
    jobs = ", ".join(f"{run.service} of release {run.release}" for run in runs)
    marker = runs[-1].release
    given = (
        f"; the schema is that of {marker}, not of {options.accept_schema}" if options.accept_schema else ""
    )
    return (
        Refusal(
            f"release {target} is from before a migration that cannot be undone",
            why=f"{jobs} has changed the data since, and says `irreversible: true`: "
            f"{target} may not understand what it finds{given}",
            fix=f"deploy a commit that repairs the fault; or, if {target} works with the data as it is, "
            f"roll back with --accept-schema {marker}",
        ),
    )


def origin_of(release: Release) -> dict[str, str]:
    """What the app's ``origin`` file says after its first deploy."""
    return {"source": release.source, "environment": release.environment}


def _of_another_origin(release: Release, state: State, options: Options) -> Iterator[Refusal]:
    origin = state.origin
    if origin is None or origin == origin_of(release) or options.take_over:
        return
    yield Refusal(
        f"the app {release.app!r} on this host belongs to {_origin_text(origin)}",
        why=f"this release comes from {_origin_text(origin_of(release))}: two apps of one name would replace each other",
        fix="choose another `app` in fairlead.yaml, or deploy once with --take-over if it has moved",
    )


def _of_another_project(release: Release, state: State) -> Iterator[Refusal]:
    if state.origin is None and state.clashes:
        yield Refusal(
            f"the app {release.app!r} would share a Compose project with {', '.join(state.clashes)} on this host",
            why="the project of a release is called by the app and the release's number: Compose would take the "
            "containers of one for those of the other",
            fix="choose another `app` in fairlead.yaml",
        )


def _origin_text(origin: dict[str, str] | object) -> str:
    known = origin if isinstance(origin, dict) else {}
    return f"{known.get('source') or 'an unknown repository'} ({known.get('environment') or 'unknown environment'})"


def _older(release: Release, state: State, options: Options) -> Iterator[Refusal]:
    if state.live is None or options.allow_older:
        return
    live = state.live.release
    if release.revision_time < live.revision_time and release.revision != live.revision:
        yield Refusal(
            f"the commit {release.revision[:12]} is older than {live.revision[:12]}, which is live",
            why="a deploy that was overtaken by a newer one must not undo it",
            fix="`fairlead rollback` goes back; --allow-older deploys it all the same",
        )


def _state_recreated(release: Release, options: Options, updated: Sequence[str]) -> Iterator[Refusal]:
    for name in updated:
        if release.services[name].role == "state" and name not in options.accept_recreate:
            yield Refusal(
                f"the definition of {name!r} has changed, and it keeps data",
                why="to bring it up to date its container must be stopped and made again",
                fix=f"deploy with --accept-recreate {name} when an interruption of {name} is acceptable",
            )


def _resources_changed(release: Release, state: State) -> Iterator[Refusal]:
    if state.live is None:
        return
    live = state.live.release
    for kind, old, new in (
        ("network", live.networks, release.networks),
        ("volume", live.volumes, release.volumes),
    ):
        for name in sorted(set(old) & set(new)):
            if old[name] != new[name]:
                yield Refusal(
                    f"the definition of the {kind} {name!r} has changed",
                    why=f"a {kind} cannot be changed while containers use it",
                    fix=f"give it another name, or put its definition back; the old {kind} stays until it is removed",
                )
