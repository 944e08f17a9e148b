"""How a service shows that it can work, and who waits for that."""

from __future__ import annotations

import re

from fairlead.app.images.facts import has_healthcheck, lacks_program
from fairlead.app.images.known import short_name
from fairlead.judge.policy.fault import Fault
from fairlead.judge.policy.rule import service_rule
from fairlead.judge.policy.subject import seconds_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairlead.judge.policy.subject import View


_LONGEST_INTERVAL = 30.0
_DEFAULTS = {"interval": 30.0, "timeout": 30.0}
"""What Docker takes where nothing is said, in seconds."""
_USUAL = {"interval": 10.0, "timeout": 5.0}
_ADDRESS = re.compile(r"https?://[^\s'\"|;&<>]+")
_PLAIN_ADDRESS = re.compile(r"[\w.:/-]+")
"""Without a user, who may have a password, and without what a quote in a quote would end."""
_ASKING = {
    "python": ("python3", "-c", "import urllib.request as r; r.urlopen('URL', timeout=3)"),
    "node": ("node", "-e", "fetch('URL').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"),
}
"""What asks a page in images without curl: program, option, text."""
_CHECK = "healthcheck: {test: [CMD, …], interval: 10s, timeout: 5s, start_period: 30s, start_interval: 1s}"


def _is_disabled(view: View) -> bool:
    return view.get("healthcheck", "disable") is True or view.list("healthcheck", "test")[:1] == ["NONE"]


def has_check(view: View) -> bool:
    """Whether Docker checks the health of a service: by this file, its Dockerfile, or a well-known image."""
    if _is_disabled(view):
        return False
    if view.list("healthcheck", "test") or view.text("healthcheck", "test"):
        return True
    return bool(view.service.dockerfile.healthcheck) or (
        not view.is_own and has_healthcheck(view.service.reference)
    )


@service_rule("no-healthcheck", unless="job")
def no_healthcheck(view: View) -> Iterator[Fault]:
    """A service of which nobody can tell whether it works, or can tell it late."""
    if not has_check(view):
        if view.get("x-fairlead", "health") != "none":
            yield _missing(view)
        return
    if "healthcheck" not in view.definition:
        return
    yield from _slow_checks(view)
    yield from _wrong_program(view)


def _missing(view: View) -> Fault:
    what = "nothing tells whether it works: a deploy can't wait for it, and nobody sees it hang"
    if _is_disabled(view):
        off = f"its health check is switched off: {what}"
        switch = "disable" if view.get("healthcheck", "disable") is True else "test"
        return Fault(view.at("healthcheck"), off, f"write {_CHECK}", key=True, at=(switch,))
    return Fault(view.path, what, f"write {_CHECK}", key=True)


def _slow_checks(view: View) -> Iterator[Fault]:
    said = {key: seconds_of(view.text("healthcheck", key)) for key in _DEFAULTS}
    interval = _DEFAULTS["interval"] if said["interval"] is None else said["interval"]
    timeout = _DEFAULTS["timeout"] if said["timeout"] is None else said["timeout"]
    fix = " and ".join(f"{key}: {text}" for key, text in sooner(interval, timeout).items())
    if interval > _LONGEST_INTERVAL:
        what = f"it is checked every {interval:g} s only: so long nobody knows that it hangs"
        yield Fault(view.at("healthcheck", "interval"), what, f"write {fix}")
    if timeout >= interval and any(value is not None for value in said.values()):
        default = " by default" if said["timeout"] is None else ""
        what = (
            f"a check may take {timeout:g} s{default}, as long as the time between two: a hang is seen late"
        )
        key = "interval" if said["timeout"] is None else "timeout"
        yield Fault(
            view.at("healthcheck", key), what, f"write {fix}, so that the timeout is below the interval"
        )


def sooner(interval: float, timeout: float) -> dict[str, str]:
    """What to write instead, in seconds given: only what has to change, and never what stands there already."""
    change = {}
    if interval > _LONGEST_INTERVAL or (timeout >= interval and timeout <= _USUAL["timeout"]):
        interval, change["interval"] = _USUAL["interval"], f"{_USUAL['interval']:g}s"
    if timeout >= interval:
        wanted = _USUAL["timeout"] if interval > _USUAL["timeout"] else interval / 2
        change["timeout"] = f"{wanted:g}s" if wanted >= 1 else f"{wanted * 1000:g}ms"
    return change


def _wrong_program(view: View) -> Iterator[Fault]:
    test = [str(word) for word in view.list("healthcheck", "test")]
    kind, words = (test[0], " ".join(test[1:])) if test else ("", "")
    if kind not in {"CMD", "CMD-SHELL"} or not words:
        return
    first = words.split()[0].rpartition("/")[2]
    needs = ["sh"] if kind == "CMD-SHELL" or first in {"sh", "bash"} else []
    needs += [program for program in ("curl", "wget") if first == program]
    for program in needs:
        if lacks_program(view.reference, program, view.service.dockerfile.commands):
            shown = "a shell" if program == "sh" else program
            what = f"the health check needs {shown}, and {view.reference} has none"
            path, fix = view.at("healthcheck", "test"), _in_its_own_words(view.reference, words)
            yield Fault(path, what, fix, at=(int(kind == "CMD"),))
            return


def _in_its_own_words(reference: str, words: str) -> str:
    """The same check by a program that the image is known to have."""
    script = _ASKING.get(short_name(reference))
    if script is None:
        return "call a program that the image has; a server can check itself: test: [CMD, /app, check]"
    found = _ADDRESS.search(words)
    program, option, text = script
    plain = found is not None and _PLAIN_ADDRESS.fullmatch(found[0])
    asked = text.replace("URL", plain[0] if plain else "http://localhost:8000/")
    return f'call a program that the image has: test: [CMD, {program}, {option}, "{asked}"]'


@service_rule("slow-first-check")
def slow_first_check(view: View) -> Iterator[Fault]:
    """A start that is looked at as seldom as the rest of a service's life."""
    if not view.text("healthcheck", "start_period") or view.text("healthcheck", "start_interval"):
        return
    if _is_disabled(view) or seconds_of(view.text("healthcheck", "start_period")) == 0:
        return
    what = "start_period without start_interval: a deploy waits seconds longer than the start takes"
    repair = (view.at("healthcheck", "start_interval"), "1s")
    yield Fault(
        view.at("healthcheck", "start_period"),
        what,
        "write start_interval: 1s beside it",
        key=True,
        repair=repair,
    )


def _dependencies(view: View) -> Iterator[tuple[str, str, View | None]]:
    """What a service says it depends on: name, condition, and the service."""
    for name, how in view.depends_on():
        yield name, str(how.get("condition") or "service_started"), view.subject.by_name.get(name)


@service_rule("short-depends-on")
def short_depends_on(view: View) -> Iterator[Fault]:
    """A dependency that is waited for until it was started, not until it works."""
    for name, condition, other in _dependencies(view):
        if other is None:
            continue
        path = view.at("depends_on", name)
        wanted = {"state": "service_healthy", "job": "service_completed_successfully"}.get(other.role, "")
        is_short = not view.is_written("depends_on", name, "condition")
        if wanted and condition != wanted:
            meaning = "its data can be used" if other.role == "state" else "the job is done"
            what = f"it starts when {name} was {condition.removeprefix('service_')}, not when {meaning}"
            yield Fault(path, what, f"write depends_on: {{{name}: {{condition: {wanted}}}}}")
        elif is_short and condition == "service_started":
            what = f"the short form waits until {name} was started, not until it works"
            yield Fault(
                path, what, f"write depends_on: {{{name}: {{condition: service_healthy}}}}, or remove it"
            )


@service_rule("healthy-without-check")
def healthy_without_check(view: View) -> Iterator[Fault]:
    """Waiting for the health of a service that has no health check."""
    # Of one that is not required, `up` says that it was not waited for, and goes on.
    optional = {name for name, how in view.depends_on() if how.get("required") is False}
    for name, condition, other in _dependencies(view):
        if (
            name not in optional
            and condition == "service_healthy"
            and other is not None
            and not has_check(other)
        ):
            what = f"it waits for the health of {name}, which has no health check: `up` ends with an error"
            path = view.at("depends_on", name, "condition")
            yield Fault(path, what, f"give {name} a healthcheck:", key=True)


@service_rule("restart-cascade")
def restart_cascade(view: View) -> Iterator[Fault]:
    """A service that is stopped because another one is made anew."""
    for name, how in view.depends_on():
        if how.get("restart") is True and view.is_written("depends_on", name, "restart"):
            what = f"restart: true stops it each time {name} is made anew"
            fix = "remove it and let the client connect again, as it must when the network blinks"
            yield Fault(view.at("depends_on", name, "restart"), what, fix)
