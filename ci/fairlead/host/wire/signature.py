"""A release that somebody signed who is not the one who deploys it.

The signature is over the release document as a whole, in one spelling: app, environment, commit, every image by digest,
every file and secret by hash. ``ssh-keygen`` makes and verifies it, against ``signers``, a file in its format of
allowed signers that belongs to root. The name that a signer goes by there is the app, so that a line may sign for one
app or, by a pattern, for several.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import InputFault

NAMESPACE = "fairlead-release"
_SIGNATURE = re.compile(
    r"-----BEGIN SSH SIGNATURE-----\n[A-Za-z0-9+/=\n]{1,16000}\n-----END SSH SIGNATURE-----\n?"
)


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
