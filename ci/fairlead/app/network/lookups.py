"""Fronts that look up names only when they start, though what they call by name may get another address."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fairlead.app.files.mentions import read_mentions
from fairlead.app.images.known import short_name
from fairlead.app.model import ComposeApp, Service
from fairlead.app.remarks import Remarks

_NAME = r"([A-Za-z0-9][\w.-]*)"
_NGINX = (
    re.compile(rf"\b(?:proxy|grpc|fastcgi|uwsgi|scgi)_pass\s+(?:\w+://)?{_NAME}(?=[:/;\s])"),
    re.compile(rf"^[^\S\n]*server\s+{_NAME}(?=[:\s;])(?![^;\n]*\sresolve\b)[^;\n{{]*;", re.MULTILINE),
)
"""A name that is written out is looked up at the start, whatever `resolver` says; one in a variable is not."""
_HAPROXY = (
    re.compile(
        rf"^[^\S\n]*server\s+\S+\s+{_NAME}:[0-9]{{1,5}}(?![0-9])(?![^\n]*\sresolvers\s)", re.MULTILINE
    ),
)
_FRONTS = {
    **dict.fromkeys(("nginx", "nginx-unprivileged", "openresty"), _NGINX),
    "haproxy": _HAPROXY,
}


def check_lookups(app: ComposeApp, remarks: Remarks) -> None:
    """Tell of a front that may go on asking where a recreated service was."""
    recreated = {name: one for name, one in app.services.items() if _may_move(one)}
    for front in app.services.values() if recreated else ():
        forms = _FRONTS.get(short_name(front.dockerfile.base or front.reference), ())
        for name in dict.fromkeys(_called(app, front, forms)):
            if name in recreated and name != front.name:
                _tell(front, name, remarks)


def _may_move(one: Service) -> bool:
    """What is called at its own container, which is made anew; what is rolled is called at one that stays."""
    is_service = one.role in {"app", "worker", "state"} and not one.is_rolled
    return is_service and one.definition.get("network_mode") != "host"


def _called(app: ComposeApp, front: Service, forms: tuple[re.Pattern[str], ...]) -> Iterator[str]:
    mentions = read_mentions({front.name: front.definition}, app.settings.root) if forms else ()
    for mention in mentions:
        for form in forms:
            yield from form.findall(mention.text)


def _tell(front: Service, name: str, remarks: Remarks) -> None:
    remarks.note(
        "model",
        ("services", front.name),
        f"{front.name} looks up {name} only when it starts, and {name} may have another address whenever it is recreated",
        "let it look names up anew, as docs/proxy.md shows (a variable in `proxy_pass`; `resolvers` of HAProxy)",
    )
