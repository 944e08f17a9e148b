"""What the templates show: values in the words of the page; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.events import Commit, Event, Phase
from app.domain.serving import Serving

OUTCOMES = {
    "live": "live",
    "unchanged": "nothing to do",
    "refused": "refused",
    "failed": "failed",
    "reverted": "taken back",
}

_TONES = {"live": "good", "unchanged": "quiet", "refused": "warn", "failed": "bad", "reverted": "bad"}


@dataclass(frozen=True)
class Bar:
    """One phase as a bar: where it begins and how wide it is, in percent of the whole deploy."""

    name: str
    state: str
    seconds: float
    left: float
    width: float

    @property
    def label(self) -> str:
        return render_seconds(self.seconds) if self.state != "skipped" else "skipped"


@dataclass(frozen=True)
class EnvironmentCard:
    """One environment of an app and its hosts."""

    app: str
    name: str
    url: str | None
    hosts: tuple[Serving, ...]

    @property
    def path(self) -> str:
        return f"/apps/{self.app}/{self.name}"

    @property
    def troubled(self) -> bool:
        return any(host.troubled for host in self.hosts)

    @property
    def agreed(self) -> bool:
        """Whether all hosts serve the same release."""
        return len({host.release for host in self.hosts}) == 1


def plan_bars(phases: Sequence[Phase]) -> tuple[Bar, ...]:
    """The phases one after another; a phase that ran is never too thin to be seen."""
    whole = sum(phase.seconds for phase in phases) or 1.0
    bars: list[Bar] = []
    begin = 0.0
    for phase in phases:
        width = 100 * phase.seconds / whole
        shown = max(width, 0.8) if phase.state != "skipped" else 0.0
        left = min(100 * begin / whole, 100 - shown)
        bars.append(Bar(phase.name, phase.state, phase.seconds, round(left, 2), round(shown, 2)))
        begin += phase.seconds
    return tuple(bars)


def plan_widths(events: Sequence[Event]) -> tuple[float, ...]:
    """How wide each event's strip is, in percent: as its phases against those that took longest."""
    wholes = [sum(phase.seconds for phase in event.phases) for event in events]
    longest = max(wholes, default=0.0) or 1.0
    return tuple(round(max(4.0, 100 * whole / longest), 2) for whole in wholes)


def phase_names(events: Sequence[Event]) -> tuple[str, ...]:
    """The phases that ran in any of the events, in the order in which the events tell them.

    None tells all: a rollback has no migration, a failed deploy ends early, a sole host waits for no other.
    So the one that tells most comes first, and what another has besides goes after what comes before it there.
    """
    order: list[str] = []
    for event in sorted(events, key=lambda event: len(event.phases), reverse=True):
        place = 0
        for phase in event.phases:
            if phase.name not in order:
                order.insert(place, phase.name)
            place = order.index(phase.name) + 1
    ran = {phase.name for event in events for phase in event.phases if phase.state != "skipped"}
    return tuple(name for name in order if name in ran)


def group_images(images: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Digests with the names of the services that run them; services of one image share a line."""
    names: dict[str, list[str]] = {}
    for name in sorted(images):
        names.setdefault(images[name], []).append(name)
    return tuple((", ".join(of), digest) for digest, of in names.items())


def group_cards(servings: Iterable[Serving]) -> tuple[EnvironmentCard, ...]:
    """One card for each environment; production first within an app."""
    grouped: dict[tuple[str, str], list[Serving]] = {}
    for serving in servings:
        grouped.setdefault((serving.app, serving.environment), []).append(serving)
    order = sorted(grouped, key=lambda key: (key[0], key[1] != "production", key[1]))
    return tuple(EnvironmentCard(*key, grouped[key][0].url, tuple(grouped[key])) for key in order)


def render_seconds(seconds: float) -> str:
    """A duration as people read it: 8 ms, 1.2 s, 3 min 05 s."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def render_ago(moment: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that says something."""
    seconds = max(0, int((now - moment).total_seconds()))
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return "just now" if seconds < 5 else f"{seconds} s ago"


def tone(status: str) -> str:
    """The colour of an outcome."""
    return _TONES.get(status, "quiet")


@dataclass(frozen=True)
class Link:
    """Where more is told, and what it is called."""

    text: str
    url: str


def commit_url(revision: str, commit: Commit) -> str | None:
    """Where the commit is looked at; None where nobody told."""
    return f"{_forge(commit.source)}/commit/{revision}" if commit.source else None


def more_links(event: Event) -> tuple[Link, ...]:
    """What leads to more of an event: what changed with it, and the job that did it."""
    links = []
    source, before = event.commit.source, event.commit.before
    if source and before and before != event.revision:
        # A rollback goes from the newer commit to the older: what lies between is what it took away.
        back = event.kind == "rollback"
        older, newer = (event.revision, before) if back else (before, event.revision)
        text = "what was taken back" if back else "what changed"
        links.append(Link(text, f"{_forge(source)}/compare/{older}...{newer}"))
    if event.commit.run:
        links.append(Link("the job", event.commit.run))
    return tuple(links)


def _forge(source: str) -> str:
    """The beginning of the addresses of a repository: GitLab has its own."""
    source = source.rstrip("/")
    # Whoever tells of deploys may have told anything: no page fails for an address that is none.
    host = source.partition("://")[2].partition("/")[0]
    return f"{source}/-" if "gitlab" in host else source


def headline(event: Event) -> str:
    """What happened, without where."""
    release = event.release or "a release"
    match event.kind, event.status:
        case "rollback", "live":
            return f"Rolled back to {release}"
        case "rollback", "refused" | "failed" | "reverted":
            return f"Rollback to {release} failed"
        case _, "live":
            return f"{release} went live"
        case _, "unchanged":
            return f"{release} served already"
        case _, "refused":
            return f"{release} was refused"
        case _, "reverted":
            return f"{release} was taken back"
        case _:
            return f"Deploy of {release} failed"
