"""What a key may ask for: which apps, which verbs.

``host setup --restrict`` writes it into the key's forced command, which belongs to root; a client has no way to
change it. It is held against every request before anything else is done with it.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from .errors import InputFault
from .names import APP_NAME, DEPLOY, ROLLBACK, ROTATE

_ASK = frozenset({"hello", "state"})
_FOLLOW = _ASK | {"plan", "attach", "order", "repair"}

VERBS: Mapping[str, frozenset[str]] = {
    "deploy": _FOLLOW | {DEPLOY},
    "rollback": _FOLLOW | {ROLLBACK},
    "secrets": _FOLLOW | {ROTATE},
    "repair": _ASK | {"repair", "attach", "order"},
    "status": _ASK,
    "plan": _ASK | {"plan"},
    "history": frozenset({"history"}),
    "logs": frozenset({"logs"}),
    "drain": frozenset({"state", "drain", "undrain"}),
    "maintenance": frozenset({"state", "maintenance"}),
    "remove": _ASK | {"remove", "attach"},
    "check": frozenset({"check"}),
}
"""The requests that each verb of the client sends; a change of several hosts first puts in order what a death left."""

_PLAIN = {ROLLBACK: "roll back", ROTATE: "give secrets new values"}
"""What one may without the right to deploy, with no option but those that do not widen it."""
_OF_HOST = ("hello", "check")
_KEY = re.compile(r"SHA256:[A-Za-z0-9+/]{43}|unknown")


@dataclass(frozen=True)
class Restriction:
    """A key, by its fingerprint, and what it may; None for ``apps`` or ``verbs`` is all of them.

    ``key`` is empty where nobody restricted it: then nobody knows which key it was, either.
    """

    key: str = ""
    apps: Optional[frozenset[str]] = None
    verbs: Optional[frozenset[str]] = None

    def require(self, frame: Mapping[str, Any]) -> None:
        """Let a request pass, or not.

        Raises:
            InputFault: the key may not ask for this.
        """
        request = str(frame.get("request"))
        if self.verbs is not None:
            if not any(request in VERBS[verb] for verb in self.verbs):
                raise self._refuse(f"the key may not ask for {request[:40]!r}")
            if request in _PLAIN and not self.owns(DEPLOY):
                self._require_plain(frame)
            if request == "plan" and "secrets" in frame and not self.brings_secrets:
                # It would tell whether a value is the one that serves.
                raise self._refuse("the key may not plan with values of secrets")
        if self.apps is not None:
            named = named_apps(frame)
            if not (named or request in _OF_HOST) or not named <= self.apps:
                app = ", ".join(sorted(named - self.apps))[:60]
                raise self._refuse(f"the key may not touch the app {app!r}" if app else "which app?")
            options = frame.get("options")
            if isinstance(options, dict) and options.get("upgrade_edge"):
                raise self._refuse("the key may not replace the edge, which is every app's")

    def owns(self, kind: str) -> bool:
        """Whether the key may begin a task of this kind, and so may say how it goes on."""
        return self.verbs is None or any(kind in VERBS[verb] for verb in self.verbs)

    @property
    def brings_secrets(self) -> bool:
        """Whether the key may bring values of secrets, and so has to know how this host names them."""
        return self.owns(DEPLOY) or self.owns(ROTATE)

    def sees(self, app: str) -> bool:
        """Whether the key may hear of this app."""
        return self.apps is None or app in self.apps

    def _require_plain(self, frame: Mapping[str, Any]) -> None:
        # Imported here: of no other key it is asked, and the door answers sooner without.
        from .contract import fields_with
        from .request import Options

        request = str(frame.get("request"))
        what, own = _PLAIN[request], fields_with(Options, "own", request)
        options = frame.get("options")
        wide = sorted(
            str(name)
            for name, value in (options.items() if isinstance(options, dict) else ())
            if value and name not in own
        )
        if wide:
            raise self._refuse(f"the key may {what}, but not with {', '.join(wide)[:60]}")

    def _refuse(self, what: str) -> InputFault:
        parts = [
            f"{name} {', '.join(sorted(given))}"
            for name, given in (("apps", self.apps), ("verbs", self.verbs))
            if given is not None
        ]
        return InputFault(
            what,
            why=f"this server restricts {self.key or 'it'} to {'; '.join(parts)}",
            fix="use a key that may, or as root on the server: `fairlead host setup --restrict` with other --apps or --verbs",
        )


def named_apps(frame: Mapping[str, Any]) -> frozenset[str]:
    """Every app that a request names, in whichever of its fields."""
    release = frame.get("release")
    names = [release.get("app") if isinstance(release, dict) else None, frame.get("app")]
    return frozenset(str(name) for name in names if name is not None)


def parse_restriction(words: Sequence[str]) -> Restriction:
    """The words of a forced command: ``--key SHA256:… --apps a,b --verbs deploy,rollback``.

    Raises:
        InputFault: root wrote what cannot be understood. Then nothing is allowed.
    """
    parser = _Parser(prog="serve", add_help=False, allow_abbrev=False)
    parser.add_argument("--key", default="")
    parser.add_argument("--apps")
    parser.add_argument("--verbs")
    given = parser.parse_args(list(words))
    apps, verbs = (None if text is None else frozenset(text.split(",")) for text in (given.apps, given.verbs))
    if given.key and not _KEY.fullmatch(given.key):
        raise _misread(f"{given.key[:60]!r} is no fingerprint of a key")
    for name in sorted(apps or ()):
        if not APP_NAME.fullmatch(name):
            raise _misread(f"{name[:60]!r} is no name of an app")
    for name in sorted(verbs or ()):
        if name not in VERBS:
            raise _misread(f"there is no verb {name[:60]!r}: there are {', '.join(VERBS)}")
    return Restriction(given.key, apps, verbs)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise _misread(message)


def _misread(why: str) -> InputFault:
    return InputFault(
        "this server does not understand how the key is restricted, so that the key may do nothing",
        why=why,
        fix="as root on the server: `fairlead host setup --restrict` again, for this key",
    )
