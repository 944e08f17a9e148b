"""Sign a release with a key that need not be the one that deploys it: of a colleague, of an agent, of a hardware token."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fairlead import process
from fairlead.errors import CommandFailedError, InputError
from fairlead.host.wire.signature import NAMESPACE, render_signed
from fairlead.remote.access import key_file

SIGNING_VARIABLE = "FAIRLEAD_SIGNING_KEY"


def sign_release(document: Mapping[str, Any], identity: Path | None, environ: Mapping[str, str]) -> str:
    """The signature over a release document; empty where there is no key to sign with.

    Args:
        document: as it will be sent.
        identity: the file of the key; its public half is enough where an agent has the private one.
        environ: may have the key itself in FAIRLEAD_SIGNING_KEY.

    Raises:
        InputError: there is no such key, or it cannot be used.
    """
    if identity is not None and not identity.is_file():
        raise InputError(f"there is no key {identity}", fix="correct --signing-identity")
    with _key(identity, environ) as key:
        if key is None:
            return ""
        argv = ("ssh-keygen", "-Y", "sign", "-q", "-n", NAMESPACE, "-f", key)
        agent = {"SSH_AUTH_SOCK": environ.get("SSH_AUTH_SOCK")}
        try:
            return process.run(argv, stdin=render_signed(document), env=agent).stdout
        except CommandFailedError as error:
            passing = identity is None
            name = f"the key in {SIGNING_VARIABLE}" if passing else str(identity)
            said = error.details[-1] if error.details else error.why
            raise InputError(
                f"the release cannot be signed with {name}",
                # A key that came in a variable lies in a file of ours, which is gone when this is read.
                why=said.replace(str(key), "the key") if passing else said,
                fix="give it the whole content of the key's file, from `-----BEGIN` to `-----END …-----`"
                if passing
                else "`ssh-add -l` lists the keys that an agent has; --signing-identity names the one to use",
            ) from error


@contextlib.contextmanager
def _key(identity: Path | None, environ: Mapping[str, str]) -> Iterator[Path | None]:
    if identity is not None or not environ.get(SIGNING_VARIABLE):
        yield identity
        return
    with key_file(environ[SIGNING_VARIABLE], SIGNING_VARIABLE) as path:
        yield path
