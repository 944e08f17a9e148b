"""Health."""

from __future__ import annotations

from fairlead.judge.policy.texts import ENGINE, SERVICES, Text, cis, measured

_DB = "  db:\n    image: postgres:17.4\n"
_CHECKED = f"{_DB}    healthcheck: {{test: [CMD, pg_isready], interval: 10s, timeout: 5s}}\n"

TEXTS = (
    Text(
        name="no-healthcheck",
        title="A service of which nobody can tell whether it works",
        why="""\
A container that runs is not a program that answers. Without a health check a deploy goes on with a release that
returns errors, `depends_on` waits for nothing, and a hang is told by the users. A check that comes less often than
every 30 s, or that may take as long as the time between two, tells it minutes late (both are 30 s by default).
A check that calls `curl` or a shell which the image does not have fails for ever; where the image is known, that is
told here. A service that can't be asked says `x-fairlead: {health: none}`.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n",
        good="services:\n  web:\n    image: acme/web:1.0\n    healthcheck: {test: [CMD, /app, check], interval: 10s, timeout: 5s}\n",
        sources=(cis("4.6", "5.27"), f"{SERVICES}#healthcheck"),
    ),
    Text(
        name="slow-first-check",
        title="A start that is looked at as seldom as the rest of a service's life",
        why="""\
A deploy waits for the first check that passes. With `start_interval: 1s` that is a second after the program is ready;
without it the engine looks every 5 s while the start period lasts. Compose knows it from 2.20, Engine from 25.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    healthcheck: {test: [CMD, /app, check], interval: 10s, start_period: 30s}\n",
        good="""\
services:
  web:
    image: acme/web:1.0
    healthcheck: {test: [CMD, /app, check], interval: 10s, start_period: 30s, start_interval: 1s}
""",
        sources=("https://docs.docker.com/reference/dockerfile/#healthcheck", f"{ENGINE}release-notes/25.0/"),
    ),
    Text(
        name="short-depends-on",
        title="A dependency that is awaited until it was started, not until it works",
        why="""\
The short form of `depends_on`, and `service_started`, wait until the container exists. A database needs seconds more,
a migration needs until it is done. What starts before crashes, is restarted, and hides the real faults in its log.
Wait for `service_healthy` of a database and for `service_completed_successfully` of a job.""",
        bad=f"services:\n  web:\n    image: acme/web:1.0\n    depends_on: [db]\n{_CHECKED}",
        good=f"services:\n  web:\n    image: acme/web:1.0\n    depends_on: {{db: {{condition: service_healthy}}}}\n{_CHECKED}",
        sources=(f"{SERVICES}#depends_on", "https://docs.docker.com/compose/how-tos/startup-order/"),
    ),
    Text(
        name="healthy-without-check",
        title="Waiting for the health of a service that has no health check",
        why="""\
`condition: service_healthy` on a service without a health check is accepted by `docker compose config` and ends
`docker compose up` with an error, on the server.""",
        bad=f"services:\n  web:\n    image: acme/web:1.0\n    depends_on: {{db: {{condition: service_healthy}}}}\n{_DB}",
        good=f"services:\n  web:\n    image: acme/web:1.0\n    depends_on: {{db: {{condition: service_healthy}}}}\n{_CHECKED}",
        sources=(
            f"{SERVICES}#depends_on",
            measured("`container … has no healthcheck configured`, at `up` only"),
        ),
    ),
    Text(
        name="restart-cascade",
        title="A service that is stopped because another one is made anew",
        why="""\
With `restart: true` in `depends_on`, an update of the database also restarts everything that uses it, all at once. A
client that connects again by itself, as it must when the network blinks, needs no restart.""",
        bad=f"""\
services:
  web:
    image: acme/web:1.0
    depends_on: {{db: {{condition: service_healthy, restart: true}}}}
{_CHECKED}""",
        good=f"services:\n  web:\n    image: acme/web:1.0\n    depends_on: {{db: {{condition: service_healthy}}}}\n{_CHECKED}",
        sources=(f"{SERVICES}#depends_on", measured("dependants are stopped and started at each recreate")),
    ),
)
