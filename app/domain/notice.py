"""What a webhook is told about an event: JSON that Slack, Mattermost, Discord's /slack and others understand."""

from __future__ import annotations

from typing import Any

from app.domain.events import Event

_COLOURS = {"live": "#1a7f5a", "refused": "#b4540a", "failed": "#c2304a", "reverted": "#c2304a"}


def render_headline(event: Event) -> str:
    """One line: what happened, where, and what serves now."""
    place = f"{event.app} · {event.environment}"
    release = event.release or "a release"
    serving = f"{event.serving} serves" if event.serving else "nothing serves"
    match event.kind, event.status:
        case "rollback", "live":
            return f"{place}: rolled back to {release}"
        case "rollback", "refused" | "failed" | "reverted":
            return f"{place}: rollback to {release} failed, {serving}"
        case _, "live":
            return f"{place}: {release} is live"
        case _, "unchanged":
            return f"{place}: nothing to do, {serving}"
        case _, "refused":
            return f"{place}: {release} was refused, {serving}"
        case _, "reverted":
            return f"{place}: {release} was taken back, {serving}"
        case _:
            return f"{place}: deploy of {release} failed, {serving}"


def render_notice(event: Event, public_url: str) -> dict[str, Any]:
    """The body of the webhook; ``public_url`` is where the board itself is reached."""
    fields = [
        {"title": "Commit", "value": event.revision[:12], "short": True},
        {"title": "By", "value": event.by, "short": True},
        {"title": "Host", "value": event.host, "short": True},
        {"title": "Took", "value": f"{event.seconds:.1f} s", "short": True},
    ]
    if event.error:
        fields.append({"title": event.error.what, "value": event.error.why, "short": False})
    headline = render_headline(event)
    return {
        "text": headline,
        "attachments": [
            {
                "fallback": headline,
                "color": _COLOURS.get(event.status, "#6b7280"),
                "title": "The deploy on the board",
                "title_link": f"{public_url}/events/{event.id}",
                "fields": fields,
            }
        ],
    }
