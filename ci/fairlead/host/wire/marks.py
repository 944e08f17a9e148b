"""What the value of a secret is called: by a hash with a key, so that nobody can try values until one fits.

A name stands where others look: in the path of a mount (`docker inspect`), in a release document, in the journal, in
what the hash of a service is made of. The key lies on the host, beside the values, and is told to who may deploy, so
that one release is called the same on all its hosts. Versions before this one named a value by its sha256: what is
called so keeps its name for as long as the value stays, for a new name would restart its readers.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .errors import InputFault

KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Marks:
    """How the values of an app's secrets are called on its hosts.

    ``plain`` has the sha256 of those that serve under it.
    """

    key: bytes = field(repr=False)
    plain: Mapping[str, str] = field(default_factory=dict, repr=False)

    def of(self, name: str, value: bytes) -> str:
        """The name of a value of this secret."""
        plain = hashlib.sha256(value).hexdigest()
        return plain if self.plain.get(name) == plain else keyed_mark(self.key, name, value)


def keyed_mark(key: bytes, name: str, value: bytes) -> str:
    """The hash of a value under a key; the same value of two secrets has two."""
    return hmac.new(key, name.encode() + b"\0" + value, hashlib.sha256).hexdigest()


def all_marks(name: str, value: bytes, keys: Iterable[bytes]) -> frozenset[str]:
    """Every name that a value can have where these keys are known."""
    plain = hashlib.sha256(value).hexdigest()
    return frozenset((plain, *(keyed_mark(key, name, value) for key in keys)))


def parse_key(raw: object) -> tuple[bytes, ...]:
    """The key that came with a request; none where it has none.

    Raises:
        InputFault: it is no key.
    """
    if raw is None:
        return ()
    if not isinstance(raw, str) or not KEY.fullmatch(raw):
        raise InputFault("the key for the names of secrets is none", fix="use the same version on both ends")
    return (bytes.fromhex(raw),)
