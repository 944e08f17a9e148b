"""A release that somebody signed who is not the one who deploys it.

The signature is over the release document as a whole, in one spelling: app, environment, commit, every image by digest,
every file and secret by hash. ``ssh-keygen`` makes and verifies it, against ``signers``, a file in its format of
allowed signers that belongs to root. The name that a signer goes by there is the app, so that a line may sign for one
app or, by a pattern, for several.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from .document import parse_release
from .engine import run_filter
from .errors import AgentError, InputFault
from .release import Release
from .rotation import replace_secrets

NAMESPACE = "fairlead-release"
_SIGNATURE = re.compile(
    r"-----BEGIN SSH SIGNATURE-----\n[A-Za-z0-9+/=\n]{1,16000}\n-----END SSH SIGNATURE-----\n?"
)
_SIGNER = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_SECONDS = 30.0


@dataclass(frozen=True)
class Signed:
    """A release document as it was signed, and the signature over it."""

    document: Mapping[str, Any]
    signature: str

    def to_json(self) -> dict[str, Any]:
        return {"document": self.document, "signature": self.signature}


def render_signed(document: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: the document's one spelling, wherever it comes from."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def parse_signature(raw: object) -> str:
    """The text of a signature; empty where none came.

    Raises:
        InputFault: it is none.
    """
    if raw in (None, ""):
        return ""
    if not isinstance(raw, str) or not _SIGNATURE.fullmatch(raw):
        raise InputFault("the signature of the release is none", fix="sign with `--signing-identity`")
    return raw


def require_signed(release: Release, signed: Optional[Signed], signers: Path) -> str:
    """Let no release pass but one that a signer of its app has signed; returns the signer's fingerprint.

    Raises:
        InputFault: it is not signed, by nobody who may, or it is another than the one that was signed.
        EngineFault: it cannot be verified here.
    """
    if signed is None or not signed.signature:
        raise _refused(release, "it has no signature")
    if not _is_same(release, signed.document):
        raise _refused(release, "it is not the release that was signed")
    with tempfile.NamedTemporaryFile(prefix="fairlead-signature-") as file:
        file.write(signed.signature.encode("ascii"))
        file.flush()
        argv = ("ssh-keygen", "-Y", "verify", "-n", NAMESPACE, "-I", release.app)
        words = (*argv, "-f", str(signers), "-s", file.name)
        code, told = run_filter(words, render_signed(signed.document), _SECONDS)
    found = _SIGNER.search(told)
    if code != 0 or found is None:
        raise _refused(
            release, told.strip().splitlines()[-1] if told.strip() else "its signature does not hold"
        )
    return found.group()


def _is_same(release: Release, document: Mapping[str, Any]) -> bool:
    """Whether a release is the one of the document, but for secrets that were given new values since."""
    if release.document == document:
        return True
    try:
        given = parse_release(document)
        changed = {name: one for name, one in release.secrets.items() if given.secrets.get(name) != one}
        return replace_secrets(given, changed).document == release.document
    except AgentError:
        return False


def _refused(release: Release, why: str) -> InputFault:
    return InputFault(
        f"the release {release.revision[:12]} of {release.app} is not signed by one who may",
        why=why,
        fix="this server takes signed releases only: `fairlead deploy --signing-identity KEY` with a signer's key",
    )
