"""What is left for a person to do before the first push, in order, each with its commands. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fairlead.settings.values import Host
from fairlead.starter.host_keys import HostKeys, is_placeholder, scan_command

VERIFY = "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"

_OTHER_FORGES = re.compile(
    r"(.+\.)?(gitlab\.com|bitbucket\.org|codeberg\.org|gitea\.com|gitee\.com|sr\.ht|dev\.azure\.com|visualstudio\.com)"
    r"|(gitlab|gitea|forgejo|bitbucket)\..+"
)
"""By their own hosts, or as who runs one calls it."""


@dataclass(frozen=True)
class Todo:
    """Something to do: what, and the commands that do it."""

    what: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the list depends on.

    Attributes:
        app: its name.
        slug: ``owner/repository`` on GitHub, empty where no remote tells.
        environment: its name.
        hosts: its servers.
        host_keys: what is known of their keys.
        secrets: the names of the app's secrets.
        secrets_name: the secret of GitHub that holds their values.
        first: findings that no baseline takes, and how many of them ``--fix`` mends: ``mended``.
        branch: a push to it is deployed.
        paths: what is committed, from the repository's root.
        server: the host of its forge, empty where no remote tells.
        sharing: what is to be changed as another app of the repository is deployed to the same server.
        submodules: those that the workflows fetch, by their paths in the repository.
    """

    app: str
    slug: str
    environment: str
    hosts: tuple[Host, ...]
    host_keys: HostKeys
    secrets: tuple[str, ...]
    secrets_name: str
    first: int
    mended: int
    branch: str
    paths: tuple[str, ...]
    server: str = ""
    sharing: tuple[str, ...] = ()
    submodules: tuple[str, ...] = ()


def plan_todo(facts: Facts) -> tuple[Todo, ...]:
    """The list."""
    return tuple(_todo(facts))


def render_todo(todo: Sequence[Todo]) -> list[str]:
    """The list as lines, numbered."""
    lines = ["before the first push:"]
    for number, one in enumerate(todo, 1):
        lines.append(f"{number}. {one.what}{':' if one.commands else ''}")
        lines += [f"     {command}" for command in one.commands]
    return lines


def is_enterprise_server(host: str) -> bool:
    """Whether a forge is a GitHub of somebody's own, as far as its name tells: an alias in ``~/.ssh/config`` has no dot."""
    return (
        "." in host and not re.fullmatch(r"(.+\.)?(github\.com|ghe\.com)", host) and not is_other_forge(host)
    )


def is_other_forge(host: str) -> bool:
    """Whether it is no GitHub, but another forge that its name tells."""
    return _OTHER_FORGES.fullmatch(host) is not None


def _todo(facts: Facts) -> Iterator[Todo]:
    if is_other_forge(facts.server):
        yield Todo(
            f"{facts.server} is not GitHub, where alone the workflows that were written run: push to a repository there, "
            "or call `fairlead` in the jobs of that forge"
        )
    if is_enterprise_server(facts.server):
        yield Todo(
            f"{facts.server} is not github.com. On an Enterprise Server the workflows that were written end in their first "
            "job: write one with the actions of a copy of Fairlead there (docs/github.md, Enterprise Server); images go to "
            f"`registry: containers.{facts.server}/{facts.slug}` of fairlead.yaml, or another registry"
        )
    if any(is_placeholder(host) for host in facts.hosts):
        yield Todo("name your server and its address in fairlead.yaml (hosts, url), and run this again")
    yield from (Todo(line) for line in facts.sharing)
    if facts.first:
        mend = (f"fairlead validate --fix   # {facts.mended} of them",) if facts.mended else ()
        yield Todo(f"mend what no baseline takes, the {facts.first} above", (*mend, "fairlead validate"))
    key = f"~/.ssh/fairlead-{facts.app}"
    setup = f"fairlead host setup --environment {facts.environment}"
    several = len(facts.hosts) > 1
    yield Todo(
        "a key that deploys, and a user on the server whom it lets in (read the script before root runs it)",
        (
            f"ssh-keygen -q -t ed25519 -N '' -C fairlead-{facts.app} -f {key}",
            *(
                f"{setup}{f' --host {host}' if several else ''} --public-key {key}.pub | ssh{_port(host)} root@{host.name} sh"
                for host in facts.hosts
            ),
        ),
    )
    yield from _known_hosts(facts.host_keys)
    repository = f" --repo {facts.slug}" if facts.slug else ""
    yield Todo(
        "the key as a secret of the repository", (f"gh secret set FAIRLEAD_SSH_KEY{repository} < {key}",)
    )
    if facts.secrets:
        yield Todo(
            f"the app's secrets, NAME=value a line: {', '.join(facts.secrets)}",
            (f"gh secret set {facts.secrets_name}{repository} < FILE",),
        )
    if facts.submodules:
        yield Todo(
            f"if one of the submodules is private ({', '.join(facts.submodules)}): the job's token fetches public ones "
            "alone, and the checkout would fail. Then leave `submodules` out of the workflows, and use the actions after "
            "a checkout of your own, with a token or key that reads it (docs/github.md, Submodules and Git LFS)"
        )
    yield Todo(
        "the environment, where GitHub lists deploys and you may ask for an approval",
        (f"gh api -X PUT repos/{facts.slug or 'OWNER/REPOSITORY'}/environments/{facts.environment}",),
    )
    yield Todo(
        "commit, and push",
        (
            shlex.join(["git", "add", *(f":/{path}" for path in facts.paths)]),
            "git commit --message 'Deploy with Fairlead'",
            f"git push origin {facts.branch}",
        ),
    )


def _known_hosts(found: HostKeys) -> Iterator[Todo]:
    if found.keys:
        told = ", ".join(key.fingerprint for key in found.keys)
        yield Todo(f"compare the host key with the server's own, on its console: it says {told}", (VERIFY,))
    asked = [host for host in found.missing if not is_placeholder(host)]
    if asked:
        yield Todo(
            f"the host key of {', '.join(host.name for host in asked)}, compared with what the server's console says",
            (*(scan_command(host) for host in asked), VERIFY),
        )


def _port(host: Host) -> str:
    return f" -p {host.port}" if host.port != 22 else ""
