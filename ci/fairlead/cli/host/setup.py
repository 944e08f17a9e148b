"""``fairlead host setup``: make a fresh server ready, and hold its keys to what they are for."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fairlead import report
from fairlead.cli.options.shared import access_options, environment_option, examples, host_option
from fairlead.rollout.place import find_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairlead.host.wire.setup import Authority
    from fairlead.remote.access import AccessOptions
    from fairlead.remote.public_key import PublicKey
    from fairlead.remote.setup import Restriction
    from fairlead.report import Reporter
    from fairlead.rollout.place import Place
    from fairlead.settings.values import Host

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


def _restriction_options(function: _Decorated) -> _Decorated:
    """``--restrict`` and what it can say: arguments ``restrict``, ``apps``, ``verbs``, ``signers``, ``forbid``."""
    for option in reversed(
        (
            click.option(
                "--restrict",
                is_flag=True,
                help="Let the key open no shell: only Fairlead, and only with the agent of this version.",
            ),
            click.option(
                "--apps",
                metavar="NAMES",
                help="With --restrict: the apps of the key, with commas. [default: all]",
            ),
            click.option(
                "--verbs",
                metavar="NAMES",
                help="With --restrict: what the key may do, with commas, such as rollback,status. [default: all]",
            ),
            click.option(
                "--signers",
                metavar="FILE",
                type=click.Path(dir_okay=False, path_type=Path),
                help="With --restrict: deploy only what one of these has signed, for any key. A file of allowed "
                "signers as ssh-keygen reads it, with apps for principals; `none` lifts it.",
            ),
            click.option(
                "--forbid",
                metavar="KINDS",
                help="With --restrict: what no release may ask for, whoever deploys it, with commas, such as "
                "privileged,bind; `all`, or `none`.",
            ),
        )
    ):
        function = option(function)
    return function


@click.command(
    epilog=examples(
        ("fairlead host setup | ssh root@app.example.com sh", "read it first"),
        ("fairlead host setup --run --identity KEY", "the same, in one step"),
        ("fairlead host setup --restrict", "a key that opens nothing but Fairlead"),
        ("fairlead host setup --trusted-proxies cloudflare", "the edge of this host stands behind a CDN"),
        ("fairlead host setup --restrict --verbs rollback,status", "the key of the phone for the night"),
    )
)
@environment_option
@access_options
@host_option
@click.option(
    "--run/--print", "run", default=False, help="Run the script as root over ssh, or print it (default)."
)
@click.option("--login", metavar="USER", default="root", show_default=True, help="Who runs it, with --run.")
@click.option(
    "--public-key",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The public half of the deploy key. [default: that of --identity]",
)
@click.option(
    "--trusted-proxies",
    metavar="NETWORKS",
    help="Load balancers and CDNs in front whose word the edge of this host heeds, with commas: addresses, networks, "
    "cloudflare, private; `none` takes them away.",
)
@click.option(
    "--acme-directory",
    metavar="URL",
    help="Who certifies the names behind the edge of this host, instead of the public authorities; `none` goes back to these.",
)
@click.option(
    "--acme-root",
    metavar="FILE",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="What certifies the address of --acme-directory, in PEM, where no public authority does.",
)
@_restriction_options
def setup(
    environment: str | None,
    access: AccessOptions,
    host: str | None,
    run: bool,
    login: str,
    public_key: Path | None,
    trusted_proxies: str | None,
    acme_directory: str | None,
    acme_root: Path | None,
    restrict: bool,
    apps: str | None,
    verbs: str | None,
    signers: Path | None,
    forbid: str | None,
) -> None:
    """Print the script that makes a fresh server ready, or run it there.

    It installs Docker and Python where they are missing, makes the user who deploys and lets the deploy key in,
    and makes /srv/fairlead. Running it again changes nothing.
    """
    from fairlead.remote.setup import render_setup

    place = find_place(environment, access).only(host)
    key = _public_key(public_key, access.identity)
    restriction = _restriction(restrict=restrict, apps=apps, verbs=verbs, signers=signers, forbid=forbid)
    if restriction is not None and restriction.signers and key is not None:
        _require_other(key, restriction.signers)
    script = render_setup(
        _sole_user(place),
        key,
        restriction=restriction,
        trusted=_trusted(trusted_proxies),
        authority=_authority(acme_directory, acme_root),
    )
    if run:
        _run_setup(place, login, script, has_key=key is not None)
        return
    document = {"schema": "fairlead.host-setup/v1", "host": place.host, "script": script}
    report.current().result(document, script.rstrip("\n"))


def _trusted(said: str | None) -> Sequence[str] | None:
    """The networks that ``--trusted-proxies`` names; None where it is not said.

    Raises:
        InputError: one is no network, or everybody's.
    """
    from fairlead.errors import InputError
    from fairlead.settings.trusted import trusted_networks

    if said is None or said == "none":
        return None if said is None else ()
    try:
        return trusted_networks(_split(said) or ())
    except ValueError as error:
        raise InputError(
            f"--trusted-proxies: {error}", fix="addresses, networks such as 10.0.0.0/8, cloudflare, private"
        ) from error


def _authority(directory: str | None, root: Path | None) -> Authority | None:
    """Who ``--acme-directory`` says; None where it is not said.

    Raises:
        InputError: it is no address, or the file holds no certificate.
    """
    from fairlead.errors import InputError
    from fairlead.host.wire.setup import DIRECTORY, PEM, PUBLIC, Authority

    if directory is None or directory == "none":
        if root is not None:
            raise InputError(
                "--acme-root is for an authority that is named", fix="say --acme-directory URL too"
            )
        return None if directory is None else PUBLIC
    if not DIRECTORY.fullmatch(directory):
        raise InputError(
            f"--acme-directory: {directory} is no address of a directory",
            fix="an https address, such as https://acme-staging-v02.api.letsencrypt.org/directory",
        )
    text = root.read_text("utf-8", errors="replace") if root is not None else ""
    if root is not None and PEM not in text:
        raise InputError(f"--acme-root: {root} holds no certificate", fix="name a file in PEM")
    return Authority(directory, text)


def _sole_user(place: Place) -> str:
    from fairlead.errors import InputError

    users = {host.user or "deploy" for host in place.environment.hosts}
    if len(users) > 1:
        raise InputError(
            f"the hosts of {place.environment.name} have different users: {', '.join(sorted(users))}",
            fix="set up one at a time, with --host",
        )
    return users.pop()


def _restriction(
    *, restrict: bool, apps: str | None, verbs: str | None, signers: Path | None, forbid: str | None
) -> Restriction | None:
    """What the options say; None where the key is not restricted.

    Raises:
        InputError: an option needs --restrict, or a file is not there.
    """
    from fairlead.errors import InputError
    from fairlead.host.wire.compose.reach import KINDS
    from fairlead.remote.agent import build_agent
    from fairlead.remote.session import loader_argv
    from fairlead.remote.setup import NONE, Restriction, render_door

    given = {"--apps": apps, "--verbs": verbs, "--signers": signers, "--forbid": forbid}
    if not restrict:
        for option, value in given.items():
            if value is not None:
                raise InputError(f"{option} restricts a key", fix="say --restrict as well")
        return None
    content: bytes | None = None
    if signers is not None and str(signers) == NONE:
        content = b""
    elif signers is not None:
        content = _read(signers, "--signers")
    kinds = None if forbid is None else {"all": KINDS, NONE: ()}.get(forbid, _split(forbid))
    return Restriction(
        render_door(loader_argv()[-1]), build_agent(), _split(apps), _split(verbs), kinds, content
    )


def _split(text: str | None) -> Sequence[str] | None:
    return None if text is None else tuple(one.strip() for one in text.split(",") if one.strip())


def _read(file: Path, option: str) -> bytes:
    from fairlead.errors import InputError

    if not file.is_file():
        raise InputError(f"there is no file {file}", fix=f"correct {option}")
    return file.read_bytes()


def _require_other(key: PublicKey, signers: bytes) -> None:
    """A signer's key that deploys too would sign for itself.

    Raises:
        InputError: it is among the signers, or there is none.
    """
    from fairlead.errors import InputError

    lines = [line.split() for line in signers.decode("utf-8", "replace").splitlines()]
    if not any(len(words) >= 3 and not words[0].startswith("#") for words in lines):
        raise InputError(
            "--signers names nobody",
            why="each line is: apps, the type of a key, the key",
            fix="`board ssh-ed25519 AAAA…`: ssh-keygen(1) tells more under ALLOWED SIGNERS",
        )
    if any(key.body in words for words in lines):
        raise InputError(
            "the deploy key is among the signers",
            why="who deploys would sign for themselves",
            fix="name another key with --signers, one that the deployer does not hold",
        )


def _public_key(public_key: Path | None, identity: Path | None) -> PublicKey | None:
    """The key that is let in: from the file that was named, or made from the private key."""
    from fairlead.remote.access import KEY_VARIABLE, key_file
    from fairlead.remote.public_key import parse_public_key

    if public_key is not None:
        return parse_public_key(_read(public_key, "--public-key"), str(public_key))
    if identity is not None:
        return _half_of(identity, str(identity))
    if os.environ.get(KEY_VARIABLE):
        with key_file(os.environ[KEY_VARIABLE]) as path:
            return _half_of(path, f"the key in {KEY_VARIABLE}")
    return None


def _half_of(private: Path, name: str) -> PublicKey:
    """The public half of a private key, which is told by ``name``: the file of one that came in a variable passes away."""
    from fairlead import process
    from fairlead.errors import CommandFailedError, InputError
    from fairlead.remote.public_key import parse_public_key

    try:
        made = process.run(("ssh-keygen", "-y", "-P", "", "-f", private)).stdout
    except CommandFailedError as error:
        raise InputError(
            f"the public half of {name} cannot be made",
            why="it has a passphrase, or is no private key",
            fix="name the public half with --public-key",
        ) from error
    return parse_public_key(made.encode(), name)


def _run_setup(place: Place, login: str, script: str, *, has_key: bool) -> None:
    from fairlead.errors import InputError

    if not has_key:
        raise InputError("which key shall the server let in?", fix="name it with --public-key or --identity")
    reporter = report.current()
    keys = [
        _prepare(place, dataclasses.replace(host, user=login), script, reporter)
        for host in place.environment.hosts
    ]
    document = {"schema": "fairlead.host-setup/v1", "host": place.host, "script": script}
    told = (
        f"{host} is prepared; its host key is\n{key}" for host, key in zip(place.hosts, keys, strict=True)
    )
    reporter.result(document, "\n".join(told))


def _prepare(place: Place, host: Host, script: str, reporter: Reporter) -> str:
    """Run the script on a server; the line that tells its host key."""
    from fairlead import passed, process
    from fairlead.errors import CommandFailedError
    from fairlead.remote.access import explain_failure, open_access
    from fairlead.remote.setup_scripts import WARNING
    from fairlead.remote.ssh import ssh_argv

    with (
        open_access(host, place.environment, place.access, os.environ) as access,
        reporter.step(f"prepare {host}"),
    ):
        done = process.run(
            ssh_argv(access, ["sh", "-s"]), stdin=script.encode(), also=passed.SSH, check=False
        )
    if done.returncode == 255:
        raise explain_failure(access, done.stderr)
    if not done.ok:
        lines = tuple((done.stdout + done.stderr).splitlines()[-20:])
        raise CommandFailedError(
            f"the set-up of {host} failed", why=lines[-1] if lines else "", details=lines
        )
    for line in done.stderr.splitlines():
        if line.startswith(WARNING):
            reporter.warn(f"{host}: {line.removeprefix(WARNING)}")
    return done.stdout.splitlines()[-1]
