"""What a deploy does not do unless it is asked to: each refusal says which option asks. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..disk.ledger import Ledger
from ..disk.neighbours import named, named_all
from ..edge.plan import edge_faults
from ..shape.bundle import Bundle
from ..state.state import State
from ..wire.owner import explain_stranger, owner_of, tell_apart
from ..wire.planned import Refusal
from ..wire.release import Release
from ..wire.request import Options


def plan_refusals(
    release: Release, state: State, options: Options, updated: Sequence[str]
) -> tuple[Refusal, ...]:
    """All reasons not to deploy; ``updated`` names the platform services that would be recreated."""
    return (
        *_of_another_owner(release, state, options),
        *_of_another_project(release, state),
        *_older(release, state, options),
        *_state_recreated(release, state, options, updated),
        *_resources_changed(release, state),
        *_data_hidden(release, state),
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


def _of_another_owner(release: Release, state: State, options: Options) -> Iterator[Refusal]:
    owner, claim = state.owner, owner_of(release)
    if options.take_over:
        return
    if owner is not None and not owner.is_same(claim):
        fault = explain_stranger(release.app, owner, claim)
        yield Refusal(fault.what, fault.why, fault.fix)
    if owner is None and state.namesakes:
        known = state.namesakes[0]
        yield Refusal(
            f"{release.environment} of {release.configured_app} is called {named(known)} on this host",
            why=f"as {release.app!r} it would begin anew beside it, without its data",
            fix=f"keep its name, {named(known)}, as `name:` beside its `hosts` in fairlead.yaml; or `fairlead remove` it under "
            "that name first",
        )
    if owner is None and state.kept is not None and not state.kept.owner.accepts(claim):
        volumes = ", ".join(state.kept.volumes)
        theirs, ours = tell_apart(state.kept.owner, claim)
        yield Refusal(
            f"the volumes of {release.app!r} on this host belong to {theirs}",
            why=f"it was removed from here, and its data stayed: this release, of {ours}, would go on with {volumes}",
            fix="choose another name, delete them (`docker volume rm`; a folder as root with `rm -r`), or deploy with --take-over to have them",
        )


def _of_another_project(release: Release, state: State) -> Iterator[Refusal]:
    if state.owner is None and state.clashes:
        yield Refusal(
            f"the app {release.app!r} would share a Compose project with {named_all(state.clashes)} on this host",
            why="the project of a release is called by the app and the release's number: Compose would take the "
            "containers of one for those of the other",
            fix="choose another `app` in fairlead.yaml",
        )


def _older(release: Release, state: State, options: Options) -> Iterator[Refusal]:
    if state.live is None or options.allow_older:
        return
    live = state.live.release
    if release.revision_time < live.revision_time and release.revision != live.revision:
        yield Refusal(
            f"the commit {release.revision[:12]} is older than {live.revision[:12]}, which is live",
            why="a deploy that was overtaken by a newer one must not undo it",
            fix="`fairlead rollback --to COMMIT` (on GitHub: the workflow Rollback) goes back to what has served; --allow-older "
            "deploys it all the same",
        )


def _state_recreated(
    release: Release, state: State, options: Options, updated: Sequence[str]
) -> Iterator[Refusal]:
    live = state.live.release.services if state.live is not None else {}
    for name in updated:
        roles = {release.services[name].role, live[name].role if name in live else ""}
        if "state" in roles and name not in options.accept_recreate:
            yield Refusal(
                f"the definition of {name!r} has changed, and it keeps data",
                why="to bring it up to date its container must be stopped and made again",
                fix=f"deploy with --accept-recreate {name} when an interruption of {name} is acceptable",
            )


def _data_hidden(release: Release, state: State) -> Iterator[Refusal]:
    """What a service has written would be gone for its users, behind files that have come into the repository."""
    for name, old in state.live.release.services.items() if state.live is not None else ():
        new = release.services.get(name)
        files = {mount.target for mount in new.mounts if mount.file} if new is not None else set()
        for mount in old.mounts:
            if mount.data is not None and not mount.read_only and mount.target in files:
                yield Refusal(
                    f"{name} has written to {mount.target}, and would be shown files of the repository there",
                    why=f"the repository had nothing in that folder; what is in data/{mount.data} on the host would be "
                    "seen by nobody, and nothing could be written any more",
                    fix="take the files out of that folder of the repository; where they are to be seen instead of the "
                    "data, mount them at another path",
                )


def _of_engine(definition: Mapping[str, Any]) -> dict[str, Any]:
    """What the engine is told of a network or volume: what is said of it to Fairlead may change."""
    return {key: value for key, value in definition.items() if not key.startswith("x-")}


def _resources_changed(release: Release, state: State) -> Iterator[Refusal]:
    if state.live is None:
        return
    live = state.live.release
    for kind, old, new in (
        ("network", live.networks, release.networks),
        ("volume", live.volumes, release.volumes),
    ):
        for name in sorted(set(old) & set(new)):
            if _of_engine(old[name]) != _of_engine(new[name]):
                yield Refusal(
                    f"the definition of the {kind} {name!r} has changed",
                    why=f"a {kind} cannot be changed while containers use it",
                    fix=f"give it another name, or put its definition back; the old {kind} stays until it is removed",
                )
