"""Checks of a repository: commit, fairlead.yaml, registry, servers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead import process
from fairlead.doctor.check import FAILED, OK, WARNING, Check, failed_check
from fairlead.errors import FairleadError, InputError
from fairlead.identity import Identity, read_identity
from fairlead.image.registry.credentials import (
    auth_file,
    find_credentials,
    is_loopback,
    login_variables,
    registry_host,
)
from fairlead.settings.load import load_settings
from fairlead.settings.values import Settings
from fairlead.tools.locate import locate

if TYPE_CHECKING:
    from fairlead.host.wire.replies import CheckAnswer
    from fairlead.remote.access import AccessOptions
    from fairlead.remote.server import Server
    from fairlead.settings.values import Environment

_REGISTRY_SECONDS = 30.0

# What registries say of a repository that was never pushed to, and of a login that will not do.
_NOTHING_THERE = re.compile(
    r"name unknown|name_unknown|repository name not known|\b404\b|not found", re.IGNORECASE
)
_REFUSED = re.compile(r"unauthorized|authentication required|denied|forbidden|\b40[13]\b", re.IGNORECASE)


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
    name = f"registry {host}"
    try:
        credentials = find_credentials(host, environ)
        with auth_file(credentials) as file:
            done = process.run(
                [locate("skopeo"), *list_tags_argv(repository, file)],
                also=login_variables(environ),
                timeout=_REGISTRY_SECONDS,
                check=False,
            )
    except FairleadError as error:
        return failed_check(name, error)
    who = credentials.username if credentials else ""
    return judge_registry(host, repository, who, done.stderr if not done.ok else "")


def list_tags_argv(repository: str, auth: Path | None) -> list[str]:
    """The words after ``skopeo`` that ask for the tags of a repository; ``auth`` is the file with the login."""
    words = ["list-tags", *(["--authfile", str(auth)] if auth else [])]
    words += ["--tls-verify=false"] if is_loopback(registry_host(repository)) else []
    return [*words, f"docker://{repository}"]


def judge_registry(host: str, repository: str, username: str, stderr: str) -> Check:
    """A registry by what it said to a question for our tags; ``stderr`` is empty where it gave them.

    That a push is allowed can't be found out without one.
    """
    name = f"registry {host}"
    who = f"as {username}" if username else "without a login"
    login = f"`docker login {host}`, or FAIRLEAD_REGISTRY_USERNAME and FAIRLEAD_REGISTRY_PASSWORD"
    if not stderr or _NOTHING_THERE.search(stderr):
        if not username:
            return Check(name, WARNING, f"answers; no login for {repository}: nothing can be pushed", login)
        return Check(name, OK, f"answers {who}" + ("; nothing published yet" if stderr else ""))
    if _REFUSED.search(stderr):
        return Check(name, FAILED, f"refuses {repository} {who}", login)
    return Check(name, FAILED, _said(stderr), f"is {host} right, and reachable from here?")


def _said(stderr: str) -> str:
    """The message of skopeo's last log line, without its frame."""
    last = stderr.strip().splitlines()[-1]
    match = re.search(r'msg="(.*)"\Z', last)
    return match[1].replace('\\"', '"') if match else last


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
