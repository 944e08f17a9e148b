"""Checks of a repository: commit, fairlead.yaml, registry, servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.doctor.check import FAILED, OK, WARNING, Check, failed_check
from fairlead.errors import FairleadError, InputError
from fairlead.identity import Identity, read_identity
from fairlead.image.registry.client import open_registry
from fairlead.image.registry.credentials import find_login, registry_host
from fairlead.settings.load import load_settings
from fairlead.settings.values import Settings

if TYPE_CHECKING:
    from fairlead.host.wire.replies import CheckAnswer
    from fairlead.remote.access import AccessOptions
    from fairlead.remote.server import Server
    from fairlead.settings.values import Environment


def check_commit(folder: Path, environ: Mapping[str, str]) -> Check:
    """The commit that a release would be named after."""
    try:
        return judge_commit(read_identity(folder, environ))
    except FairleadError as error:
        return failed_check("commit", error)


def judge_commit(identity: Identity) -> Check:
    """A commit; files that differ from it are no failure, but can't be published."""
    found = f"{identity.revision[:12]} on {identity.branch or 'no branch'}"
    if not identity.dirty:
        return Check("commit", OK, found)
    few = ", ".join(identity.dirty_files[:3]) + (", …" if len(identity.dirty_files) > 3 else "")
    return Check(
        "commit",
        WARNING,
        f"{found}; not committed: {few}",
        "commit: a changed tree can be built and not published",
    )


def check_settings(folder: Path, environ: Mapping[str, str]) -> tuple[Check, Settings | None]:
    """fairlead.yaml, with all of its faults."""
    try:
        settings = load_settings(folder, environ)
    except FairleadError as error:
        return failed_check("fairlead.yaml", error), None
    names = ", ".join(settings.environments) or "no environment"
    return Check("fairlead.yaml", OK, f"app {settings.app}; {len(settings.images)} images; {names}"), settings


def check_registry(settings: Settings, environ: Mapping[str, str]) -> Iterator[Check]:
    """Each registry that images of ours go to: does it answer, and to our login."""
    try:
        repositories = sorted({settings.repository_of(image) for image in settings.images})
    except FairleadError as error:
        yield failed_check("registry", error)
        return
    seen: set[str] = set()
    for repository in repositories:
        host = registry_host(repository)
        if host not in seen:
            seen.add(host)
            yield _check_registry(host, repository, environ)


def _check_registry(host: str, repository: str, environ: Mapping[str, str]) -> Check:
    """That a push is allowed can't be found out without one."""
    name = f"registry {host}"
    try:
        credentials = find_login(host, environ)
        has_any = open_registry(host, environ).has_repository(repository)
    except FairleadError as error:
        return failed_check(name, error)
    if credentials is None:
        fix = f"`docker login {host}`, or FAIRLEAD_REGISTRY_USERNAME and FAIRLEAD_REGISTRY_PASSWORD"
        return Check(name, WARNING, f"answers; no login for {repository}: nothing can be pushed", fix)
    more = "" if has_any else "; nothing published yet"
    return Check(name, OK, f"answers as {credentials.username}{more}")


def check_host(
    environment: Environment, options: AccessOptions, environ: Mapping[str, str]
) -> Iterator[Check]:
    """Each server of an environment: reached over ssh, and what its own checks say."""
    from fairlead.remote.access import open_access
    from fairlead.remote.server import Server
    from fairlead.remote.session import Traffic, open_session

    for host in environment.hosts:
        name = f"{environment.name} {host}"
        try:
            with (
                open_access(host, environment, options, environ) as access,
                open_session(access, Traffic()) as session,
            ):
                yield _check_server(name, Server(session, partial(open_session, access, Traffic())))
        except FairleadError as error:
            yield failed_check(name, error)


def _check_server(name: str, server: Server) -> Check:
    try:
        return judge_host(name, server.check())
    except InputError as error:
        # A key for deploys alone may not ask: nothing is known to be wrong, and nothing to be well.
        return failed_check(name, error, state=WARNING)


def judge_host(name: str, answer: CheckAnswer) -> Check:
    """A server by the answer of its agent: one line, with what is wrong there."""
    wrong = [check for check in answer.checks if check.state != OK]
    if not wrong:
        return Check(name, OK, f"reached; its {len(answer.checks)} checks are well")
    state = FAILED if any(check.state == FAILED for check in wrong) else WARNING
    found = "; ".join(f"{check.name}: {check.found}" for check in wrong)
    fixes = "\n".join(check.fix for check in wrong if check.fix)
    return Check(name, state, f"reached; {found}", fixes)
