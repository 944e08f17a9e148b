"""Whether a release is signed by one who may, where the host's owner asks for it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional

from ..engine.engine import run_filter
from ..shape.rotation import replace_secrets
from ..wire.document import parse_release
from ..wire.errors import AgentError, InputFault
from ..wire.release import Release
from ..wire.signature import NAMESPACE, Signed, render_signed

_SIGNER = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_SECONDS = 30.0


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
        code, output = run_filter(words, render_signed(signed.document), _SECONDS)
    found = _SIGNER.search(output)
    if code != 0 or found is None:
        raise _refused(
            release, output.strip().splitlines()[-1] if output.strip() else "its signature does not hold"
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
