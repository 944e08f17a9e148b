"""``fairlead status``: what serves, and the proof of it by digest."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fairlead import report
from fairlead.cli.options.shared import access_options, environment_option, examples, work_dir_option
from fairlead.errors import ExitCode, FairleadError, InputError
from fairlead.rollout.place import find_place

if TYPE_CHECKING:
    from fairlead.host.wire.status import StateAnswer
    from fairlead.release.pins import Resolve
    from fairlead.release.proof import Link, Proof
    from fairlead.remote.access import AccessOptions
    from fairlead.report import Reporter
    from fairlead.rollout.place import Place
    from fairlead.settings.values import Settings

    States = Mapping[str, StateAnswer]


@click.command(
    epilog=examples(
        ("fairlead status -e production", "what serves, and is it what was built, scanned, published"),
        ("fairlead --json status", "the same for a machine"),
    )
)
@environment_option
@work_dir_option
@access_options
@click.pass_context
def command(
    ctx: click.Context,
    environment: str | None,
    work_dir: str,
    access: AccessOptions,
) -> None:
    """Show what serves, and prove by digest that it is what was built, scanned and published.

    What a death left unfinished is finished or taken back first; a deploy that is under way goes on.
    A link of the chain that cannot be shown from here is named, and is no failure. One that contradicts is, and so is
    a service that does not run, is restarted over and over or is unhealthy, or a page that users do not get, in a
    maintenance too: exit code 4.
    """
    from fairlead.host.wire.text import find_troubles
    from fairlead.image.workdir import claim_work_dir

    reporter = report.current()
    place = find_place(environment, access)
    folder = claim_work_dir(place.settings.root, work_dir)
    states, lost = _ask_states(place, reporter)
    proofs = {host: _prove(place, state, folder) for host, state in states.items()}
    now = time.time()
    _show_all(place, reporter, states, proofs, lost, now)
    reporter.result(_document(place, states, proofs, lost), _sentences(place, states, now))
    troubled = any(find_troubles(state) for state in states.values())
    if lost or troubled or not all(proof.holds for found in proofs.values() for proof in found):
        ctx.exit(int(ExitCode.COMMAND_FAILED))


def _ask_states(place: Place, reporter: Reporter) -> tuple[dict[str, StateAnswer], dict[str, FairleadError]]:
    """How the servers stand, after what a death left there was put in order; and those that cannot be reached.

    Raises:
        FairleadError: none can be.
    """
    from fairlead.rollout.heal import heal
    from fairlead.rollout.lines import open_lines

    servers, states, lost = {}, {}, {}
    with (
        open_lines(place) as lines,
        lines.ask_ahead(lambda server: server.state(ask=True)) as aheads,
    ):
        for host, ahead in aheads.items():
            try:
                servers[host], states[host] = ahead.wait()
            except FairleadError as error:
                lost[host] = error
        if not states:
            raise next(iter(lost.values()))
        try:
            return heal(place, servers, states, reporter), lost
        except InputError as error:
            # A key that may only read: it tells how they stand, and somebody else puts them in order.
            reporter.warn(f"{error.what}: left as it is")
            return states, lost


def _show_all(
    place: Place,
    reporter: Reporter,
    states: States,
    proofs: Mapping[str, Sequence[Proof]],
    lost: Mapping[str, FairleadError],
    now: float,
) -> None:
    from fairlead.release.together import find_differences

    for host, state in states.items():
        if place.has_several:
            reporter.line(f"{host}:")
        _show(reporter, state, proofs[host], now)
    for text in (find_differences(states), *(f"{host}: {error.what}" for host, error in lost.items())):
        if text:
            reporter.warn(text)


def _document(
    place: Place, states: States, proofs: Mapping[str, Sequence[Proof]], lost: Mapping[str, FairleadError]
) -> dict[str, Any]:
    """``fairlead.status/v1``; ``state`` and ``proof`` are those of the first server that answered."""
    first = next(iter(states))
    told = {host: [proof.to_json() for proof in found] for host, found in proofs.items()}
    answered = [
        {"host": host, "state": state.document, "proof": told[host]} for host, state in states.items()
    ]
    return {
        "schema": "fairlead.status/v1",
        "host": place.host,
        "state": states[first].document,
        "proof": told[first],
        "hosts": [*answered, *({"host": host, "error": error.what} for host, error in lost.items())],
    }


def _sentences(place: Place, states: States, now: float) -> str:
    from fairlead.host.wire.text import status_sentence

    said = {host: status_sentence(state, now) for host, state in states.items()}
    return "\n".join(said.values() if not place.has_several else map(": ".join, said.items()))


def _show(reporter: Reporter, state: StateAnswer, proofs: Sequence[Proof], now: float) -> None:
    from fairlead.host.wire.text import STATUS_HEADERS, find_troubles, status_remarks, status_rows
    from fairlead.release.proof import LINKS, proof_notes, proof_rows

    if state.services:
        reporter.table(STATUS_HEADERS, status_rows(state, now))
    for trouble in find_troubles(state):
        reporter.warn(trouble)
    if proofs:
        reporter.line()
        reporter.table(("IMAGE", *(name.upper() for name in LINKS), "PROOF"), proof_rows(proofs))
    for note in (*proof_notes(proofs), *status_remarks(state)):
        reporter.line(note)


def _prove(place: Place, state: StateAnswer, work_dir: Path) -> tuple[Proof, ...]:
    from fairlead.image.documents import BUILD_NAME, SCAN_NAME, load_build, load_scan
    from fairlead.release.proof import plan_links, plan_proofs

    settings = _with_builds(place.settings, state.revision or "")
    if not state.revision or not settings.images:
        return ()
    repositories = {name: settings.repository_of(name) for name in settings.images}
    return plan_proofs(
        state,
        repositories,
        load_build(work_dir) if (work_dir / BUILD_NAME).exists() else None,
        load_scan(work_dir) if (work_dir / SCAN_NAME).exists() else None,
        _ask_registry(settings, repositories, plan_links(state, repositories)),
    )


def _with_builds(settings: Settings, revision: str) -> Settings:
    """With the images that the compose files build; as it is where they do not hold, which is for others to tell."""
    from fairlead.app.load import load_images
    from fairlead.app.variables import NO_REGISTRY
    from fairlead.errors import FairleadError

    try:
        return load_images(settings, registry=settings.registry or NO_REGISTRY, revision=revision)
    except FairleadError:
        return settings


_AT_ONCE = 8


def _ask_registry(
    settings: Settings, repositories: Mapping[str, str], asked: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], Link]:
    from fairlead.parallel import each
    from fairlead.rollout.registry import digest_resolver

    ask_one = partial(_published, digest_resolver(settings))
    links = each(lambda one: ask_one(one[1], repositories[one[0]]), asked, at_once=_AT_ONCE)
    return dict(zip(asked, links, strict=True))


def _published(resolve: Resolve, revision: str, repository: str) -> Link:
    from fairlead.release.proof import Link

    try:
        found = resolve(f"{repository}:sha-{revision}")
    except InputError:
        return Link(None, f"the registry has no tag sha-{revision[:12]}…")
    except FairleadError as error:
        return Link(None, error.what)
    try:
        found.platforms_of_ours()
    except FairleadError as error:
        return Link(found.digest, broken=f"{error.what}: {error.why}")
    return Link(found.digest)
