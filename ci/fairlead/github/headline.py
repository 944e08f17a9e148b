"""How a command ended, in one line that is read at a glance, composed of what was seen. Pure.

It never says that something serves where no server said so, and is good only where the exit code is 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fairlead.errors import ExitCode
from fairlead.host.wire.phases import SERVING, find_phase
from fairlead.host.wire.visible import visible_line

DEPLOY_SCHEMA = "fairlead.deploy/v1"
UNKNOWN = "unknown"
_MARKS = {"good": "✓", "bad": "✗", "unknown": "?"}
_WIDEST = 200
_MOST_HOSTS = 4


@dataclass(frozen=True)
class Headline:
    """The line, whether it is good news, and what users met meanwhile, where that is known."""

    mood: Literal["good", "bad", "unknown"]
    text: str
    note: str = ""

    def __str__(self) -> str:
        return f"{_MARKS[self.mood]} {self.text}"


def headline_of(code: int, document: Mapping[str, Any] | None, said: str) -> Headline:
    """The headline of a command.

    Args:
        code: its exit code.
        document: what it handed over, if anything.
        said: its result in words, or what went wrong.
    """
    is_told = document is None or document.get("told") is not False
    plain = Headline("bad" if code else "good" if is_told else "unknown", one_line(said))
    if document is None or document.get("schema") != DEPLOY_SCHEMA:
        return plain
    try:
        return _composed(code, document, said)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        # A server of another version may tell things in a form that nobody thought of.
        return plain


def _composed(code: int, document: Mapping[str, Any], said: str) -> Headline:
    facts = _Facts(code, document, _hosts(document))
    mood: Literal["good", "bad", "unknown"] = "bad" if code else "good"
    if facts.status == UNKNOWN:
        mood = "unknown" if code else "good"
    text = _well(facts) if code == 0 else _ill(facts, said)
    return Headline(mood, one_line(f"{facts.app} {text}"), _note(facts))


def one_line(text: str, widest: int = _WIDEST) -> str:
    """A text as one line, cut where it is too long for one."""
    flat = " ".join(visible_line(text.strip().replace("\n", " ")).split())
    return flat if len(flat) <= widest else f"{flat[: widest - 1].rstrip()}…"


@dataclass(frozen=True)
class _Facts:
    code: int
    document: Mapping[str, Any]
    hosts: Sequence[Mapping[str, Any]]

    @property
    def app(self) -> str:
        return str(self.document.get("app") or "the app")

    @property
    def status(self) -> str:
        return str(self.document.get("status") or "")

    @property
    def release(self) -> str:
        return str(self.document.get("release") or "")

    @property
    def previous(self) -> str:
        return str(self.document.get("previous") or "")


def _hosts(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Each server's own end; of one server alone that is the document's."""
    hosts = [one for one in document.get("hosts") or () if isinstance(one, Mapping)]
    return hosts if len(hosts) > 1 else [document]


def _well(facts: _Facts) -> str:
    closed = any(_is_closed(one) for one in facts.hosts)
    serving = {str(one.get("serving") or "") for one in facts.hosts}
    if len(serving) > 1 or "" in serving or any(not _is_well(one) for one in facts.hosts):
        # Nothing that a server answers leads here: said as it stands, host by host.
        return f"ended well; {_standing(facts)}"
    (serves,) = serving
    if closed:
        return f"{serves} is ready{_where(facts)}, and users see the page of the maintenance"
    if facts.status == "unchanged":
        return f"{serves} serves already{_where(facts)}: nothing to do"
    before = f"; {facts.previous} served before" if facts.previous else ", its first release"
    return f"{serves} serves{_where(facts)}{before if facts.previous != serves else ''}"


def _is_well(host: Mapping[str, Any]) -> bool:
    return host.get("exit", 0) == 0 and host.get("status") in {"live", "unchanged"}


def _where(facts: _Facts) -> str:
    return f" on {len(facts.hosts)} servers" if len(facts.hosts) > 1 else ""


def _ill(facts: _Facts, said: str) -> str:
    what = one_line(said, 110).rstrip(".")
    if facts.status == UNKNOWN:
        return f"is in doubt: {what}; it is unknown what serves"
    if facts.status == "live" and facts.code == ExitCode.INTERRUPTED:
        return f"{facts.release} was live before it could be stopped; {_standing(facts)}"
    if facts.status == "live":
        return f"{facts.release} is live, and users are not served: {what}"
    if facts.code == ExitCode.INTERRUPTED and facts.release and facts.status in _TAKEN_BACK:
        return f"{facts.release} was stopped and taken back; {_standing(facts)}"
    ended = {
        int(ExitCode.ROLLBACK_FAILED): "failed and was not taken back",
        int(ExitCode.INTERRUPTED): "was stopped",
    }.get(facts.code, "failed")
    subject = f"{facts.release} {ended}" if facts.release else _SUBJECTS.get(facts.code, "is not changed")
    return f"{subject}: {what}; {_standing(facts)}"


_TAKEN_BACK = ("refused", "reverted")
_SUBJECTS = {int(ExitCode.LOCKED): "waits no longer", int(ExitCode.INTERRUPTED): "was left alone"}


def _standing(facts: _Facts) -> str:
    """What each server serves, those that serve the same together."""
    groups: dict[str, list[str]] = {}
    for one in facts.hosts:
        groups.setdefault(_serves(one), []).append(str(one.get("host") or "?"))
    if len(groups) == 1:
        (only,) = groups
        return f"{only}{_where(facts)}"
    return "; ".join(f"{serves} on {_names(names)}" for serves, names in groups.items())


def _serves(host: Mapping[str, Any]) -> str:
    """What a server serves, of what it said itself."""
    status, release, serving = (str(host.get(name) or "") for name in ("status", "release", "serving"))
    if status in {"lost", UNKNOWN}:
        return "it is unknown what serves"
    if status == "skipped":
        return "nothing was touched"
    if not serving:
        return "nothing serves" if host.get("phases") else "it was not asked what serves"
    if _is_closed(host):
        return f"{serving} is behind the page of the maintenance"
    if host.get("exit") == ExitCode.ROLLBACK_FAILED or (serving == release and status not in _SERVED):
        return f"the switch points to {serving}"
    if status == "live" and host.get("exit", 0) not in {0, ExitCode.INTERRUPTED}:
        return f"users of {serving} are not served"
    return f"{serving} serves" + ("" if serving == release else " as before")


_SERVED = ("live", "unchanged")


def _is_closed(host: Mapping[str, Any]) -> bool:
    return bool((host.get("data") or {}).get("maintenance"))


def _names(names: Sequence[str]) -> str:
    more = len(names) - _MOST_HOSTS
    return ", ".join(names[:_MOST_HOSTS]) + (f" and {more} more" if more > 0 else "")


def _note(facts: _Facts) -> str:
    """Whether users met the release that failed, as its phases tell; or what a watch could not say."""
    if facts.code == 0:
        return _watched(facts)
    begun = [one for host in facts.hosts for one in host.get("phases") or ()]
    if facts.status not in _TAKEN_BACK or not facts.release or not begun:
        return ""
    met = [one for one in begun if find_phase(str(one.get("phase"))).stage == SERVING]
    if not met:
        return f"{facts.release} was never switched to."
    seconds = max(map(_seconds_served, facts.hosts))
    return f"Users met {facts.release} for about {seconds:.0f} s, from its switch until it was taken back."


def _seconds_served(host: Mapping[str, Any]) -> float:
    return sum(
        float(one.get("seconds") or 0)
        for one in host.get("phases") or ()
        if find_phase(str(one.get("phase"))).stage == SERVING
    )


def _watched(facts: _Facts) -> str:
    data = facts.document.get("data") or {}
    watch, unasked = data.get("watch") or {}, data.get("unasked") or ()
    told = []
    if watch.get("verdict") == "inconclusive":
        reasons = "; ".join(map(str, watch.get("reasons") or ()))
        told.append(f"The watch could not tell whether it is worse than before: {one_line(reasons)}.")
    if unasked:
        told.append(f"Not asked: {one_line('; '.join(map(str, unasked)))}.")
    return " ".join(told)
