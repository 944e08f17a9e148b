"""Who is notified: a list of webhooks, one a line, ``name address``; the address is a secret."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True)
class Webhook:
    """A Slack-compatible webhook; its address is its password, so it does not show."""

    name: str
    url: str = field(repr=False)


def parse_webhooks(text: str) -> tuple[tuple[Webhook, ...], tuple[str, ...]]:
    """The webhooks of a file, and its faults; a fault never repeats an address.

    Blank lines and lines that begin with ``#`` say nothing.
    """
    webhooks: dict[str, Webhook] = {}
    faults: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        fault = _fault(words, webhooks)
        if fault:
            faults.append(f"line {number}: {fault}")
        else:
            webhooks[words[0]] = Webhook(words[0], words[1])
    return tuple(webhooks.values()), tuple(faults)


def _fault(words: list[str], known: dict[str, Webhook]) -> str:
    if len(words) != 2:
        return "expected a name and an address"
    name, url = words
    if not _NAME.fullmatch(name):
        return "the name may hold lower-case letters, digits and hyphens"
    if name in known:
        return f"the name {name} stands twice"
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return f"the address of {name} must begin with https:// or http://"
    return ""
