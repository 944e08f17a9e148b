"""Registries, through skopeo: what is there, and what goes there.

``skopeo copy --all`` sends blobs first, then manifests, and the index with the tag last, so an interrupted
copy leaves nothing that can be pulled.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead import files, process
from fairlead.errors import CommandFailedError, FairleadError, InputError
from fairlead.image.oci.manifests import (
    Index,
    UnfitError,
    digest_of,
    parse_index,
    parse_manifest,
    strict_json,
)
from fairlead.image.registry.credentials import (
    PASSWORD,
    USERNAME,
    auth_file,
    find_credentials,
    login_variables,
    read_credentials,
    registry_host,
)
from fairlead.image.registry.skopeo import (
    config_argv,
    inspect_argv,
    login_argv,
    pull_argv,
    push_argv,
    tag_argv,
)
from fairlead.tools.locate import locate

_NOT_FOUND = ("manifest unknown", "name unknown", "name_unknown", "statuscode: 404", "not found", "not known")
_REFUSED = (
    "unauthorized",
    "authentication required",
    "denied",
    "statuscode: 401",
    "statuscode: 403",
    "forbidden",
    "invalid username/password",
)
_DOWN = (
    "connection refused",
    "connection reset",
    "no such host",
    "i/o timeout",
    "timeout exceeded",
    "network is unreachable",
    "no route to host",
    "broken pipe",
    "unexpected eof",
    ": eof",
    "statuscode: 5",
    "internal server error",
    "bad gateway",
    "service unavailable",
)
_PREFIX = re.compile(r'^Error (parsing|determining) [a-z ]*"[^"]*": ')


@dataclass(frozen=True)
class Resolved:
    """What a reference points at, byte for byte: an index, or a manifest. ``as_index`` reads it."""

    reference: str
    data: bytes

    @property
    def digest(self) -> str:
        return digest_of(self.data)

    def as_index(self) -> Index:
        """The index that it is, read strictly: for images of ours.

        Raises:
            UnfitError: it is none, or one that an engine might read otherwise.
        """
        return parse_index(self.data)

    def platforms_of_ours(self) -> Mapping[str, str]:
        """Digest of the manifest by platform; empty where it is one image and no index.

        Raises:
            CommandFailedError: it is neither in the form that images of ours have.
        """
        try:
            if "manifests" not in strict_json(self.data):
                parse_manifest(self.data)
                return {}
            return self.as_index().digests
        except UnfitError as error:
            raise CommandFailedError(
                f"what the registry has as {self.reference} was not put there by Fairlead",
                why=str(error),
                fix="find out who wrote it; then build, scan and publish a new commit",
            ) from error


@dataclass(frozen=True)
class Registry:
    """A way to registries: the program, the login file if there is one, and the file that names mirrors."""

    skopeo: Path
    login: Path | None
    registries_conf: str = ""

    def read(self, reference: str) -> Resolved | None:
        """What a reference points at; None if it is not there.

        Raises:
            CommandFailedError: the registry does not answer, or refuses.
        """
        done = _ask(inspect_argv(self.skopeo, reference, self.login, self.registries_conf))
        if done.ok:
            return read_answer(reference, done.stdout)
        if is_not_found(done.stderr):
            return None
        raise explain_failure(done.stderr, reference)

    def read_labels(self, reference: str, platform: str) -> Mapping[str, str]:
        """The labels of the image of one platform.

        Raises:
            CommandFailedError: it is not there, or the registry does not answer.
        """
        labels = self.read_config(reference, platform).get("config", {}).get("Labels") or {}
        return {str(key): str(value) for key, value in labels.items()}

    def read_config(self, reference: str, platform: str) -> dict[str, Any]:
        """The configuration of the image of one platform; skopeo sees that it is the one of the digest.

        Raises:
            CommandFailedError: it is not there, or the registry does not answer.
        """
        done = _ask(config_argv(self.skopeo, reference, self.login, platform, self.registries_conf))
        if not done.ok:
            raise explain_failure(done.stderr, reference)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def push(self, layout: Path, reference: str) -> None:
        """Send a layout, all platforms and attestations, digests kept.

        Raises:
            CommandFailedError: the registry does not answer, or refuses.
        """
        self._copy(push_argv(self.skopeo, layout, reference, self.login), reference)

    def pull(self, reference: str, layout: Path) -> None:
        """Fetch an index by its digest into a layout, all platforms and attestations.

        Raises:
            CommandFailedError: the registry does not answer, or refuses.
        """
        self._copy(pull_argv(self.skopeo, reference, layout, self.login), reference)

    def tag(self, source: str, reference: str) -> None:
        """Give what is in the registry already another tag.

        Raises:
            CommandFailedError: the registry does not answer, or refuses.
        """
        self._copy(tag_argv(self.skopeo, source, reference, self.login), reference)

    @staticmethod
    def _copy(argv: tuple[str, ...], reference: str) -> None:
        done = _ask(argv)
        if not done.ok:
            raise explain_failure(done.stderr, reference)


def resolve_image(reference: str, *, environ: Mapping[str, str], registry: str = "") -> Resolved:
    """What a reference such as ``postgres:17`` points at now.

    Mirrors of ``CONTAINERS_REGISTRIES_CONF`` count.

    Args:
        reference: an image.
        environ: variables; the login in them is for one registry and goes to no other.
        registry: the app's registry, whose login that is; without it that of ``FAIRLEAD_REGISTRY``.

    Raises:
        InputError: there is no such image.
        CommandFailedError: the registry does not answer, or refuses.
    """
    host = registry_host(reference)
    with _open_registry(host, environ, registry) as asked:
        found = asked.read(reference)
    if found is None:
        raise InputError(
            f"the image {reference} is not in the registry",
            why=f"{host} knows no such name or tag",
            fix="check its spelling; an image of ours is put there by `fairlead publish`",
        )
    return found


def read_image_config(
    reference: str, platform: str, *, environ: Mapping[str, str], registry: str = ""
) -> dict[str, Any]:
    """The configuration of the image of one platform; as ``resolve_image``.

    Raises:
        CommandFailedError: it is not there, or the registry does not answer, or refuses.
    """
    with _open_registry(registry_host(reference), environ, registry) as asked:
        return asked.read_config(reference, platform)


def check_login(reference: str, environ: Mapping[str, str]) -> None:
    """Try the login for the registry of an image; without one there is nothing to try.

    Raises:
        CommandFailedError: the registry refuses it, or does not answer.
    """
    host = registry_host(reference)
    credentials = find_credentials(host, environ)
    if credentials is None:
        return
    with files.temporary_folder("fairlead-login-") as folder:
        argv = login_argv(locate("skopeo"), host, credentials.username, folder / "auth.json")
        done = process.run(argv, stdin=credentials.password.encode(), check=False)
    if not done.ok:
        raise explain_failure(done.stderr, reference)


@contextmanager
def _open_registry(host: str, environ: Mapping[str, str], registry: str) -> Iterator[Registry]:
    own = registry or environ.get("FAIRLEAD_REGISTRY", "")
    credentials = read_credentials(host, environ) if own and registry_host(own) == host else None
    with auth_file(credentials) as login:
        yield Registry(locate("skopeo"), login, environ.get("CONTAINERS_REGISTRIES_CONF", ""))


def read_answer(reference: str, raw: str) -> Resolved:
    """What a registry answered: the bytes of a manifest or index.

    Raises:
        CommandFailedError: it is none.
    """
    found = Resolved(reference, raw.encode())
    try:
        value = strict_json(found.data)
    except UnfitError as error:
        raise CommandFailedError(
            f"what the registry has as {reference} is no image", why=str(error)
        ) from error
    asked = reference.partition("@")[2]
    if not {"manifests", "config"} & set(value) or (asked and asked != found.digest):
        raise CommandFailedError(
            f"what the registry has as {reference} is no image",
            why=f"its answer has the digest {found.digest}",
        )
    return found


def is_not_found(stderr: str) -> bool:
    """Whether a registry said that there is no such image."""
    said = stderr.lower()
    return any(mark in said for mark in _NOT_FOUND) and not any(mark in said for mark in _REFUSED)


def explain_failure(stderr: str, reference: str) -> FairleadError:
    """The error that tells why a registry did not do as asked."""
    host = registry_host(reference)
    said = stderr.lower()
    why = _last_words(stderr)
    if any(mark in said for mark in _REFUSED):
        return CommandFailedError(
            f"the registry {host} refuses the login for {reference}",
            why=why,
            fix=f"set {USERNAME} and {PASSWORD}, or `docker login {host}`; the login needs leave to write packages. "
            "A job's own token is for GitHub's registry alone",
        )
    if any(mark in said for mark in _DOWN):
        return CommandFailedError(
            f"the registry {host} does not answer",
            why=why,
            fix="nothing that can be pulled was left behind: run the same command again when it is back",
        )
    if is_not_found(stderr):
        return CommandFailedError(f"{reference} is not in the registry", why=why)
    return CommandFailedError(f"the registry {host} failed at {reference}", why=why)


def _ask(argv: tuple[str, ...]) -> process.Completed:
    return process.run(argv, also=login_variables(os.environ), check=False)


def _last_words(stderr: str) -> str:
    """Skopeo's message out of its log line (``time=… level=fatal msg="…"``)."""
    lines = stderr.strip().splitlines()
    if not lines:
        return "it printed nothing"
    _, marked, message = lines[-1].partition("msg=")
    if not marked:
        return lines[-1]
    try:
        text = str(json.loads(message))
    except ValueError:
        text = message.strip('"')
    return _PREFIX.sub("", text)
