"""Life cycle and jobs."""

from __future__ import annotations

from fairlead.judge.policy.texts import ENGINE, SERVICES, Text, cis, measured

TEXTS = (
    Text(
        name="restart-policy",
        title="A service that stays down, or comes back though it was stopped",
        why="""\
Without `restart` a crash or a reboot of the host is the end of the service. `always` brings a container back at the
next start of the engine although somebody stopped it for a reason, and `on-failure` without a number tries for ever.
`deploy.restart_policy` beside `restart` silently takes its place.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    restart: always\n",
        good="services:\n  web:\n    image: acme/web:1.0\n    restart: unless-stopped\n",
        sources=(
            cis("5.15"),
            f"{ENGINE}containers/start-containers-automatically/",
            measured("with both written, `docker inspect` shows deploy.restart_policy's"),
        ),
    ),
    Text(
        name="no-init",
        title="A main process that is process 1 and does not know it",
        why="""\
Process 1 gets no default action for signals: a program that does not handle SIGTERM ignores it and is killed ten
seconds later. It also inherits every orphan, and one that does not wait for them collects zombies until no process can
start. `init: true` puts a tiny init before it. Images that bring their own, such as those with s6, are known and left
alone.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n",
        good="services:\n  web:\n    image: acme/web:1.0\n    init: true\n",
        sources=(
            f"{SERVICES}#init",
            measured("`sh -c` as process 1 ignores SIGTERM for the whole grace period"),
        ),
    ),
    Text(
        name="stop-grace",
        title="A service that is killed before it is done",
        why="""\
Docker waits 10 s after SIGTERM and then kills. A worker loses its task, a server the requests in hand, a database goes
through recovery at the next start. So the time is said: 60 s or more for a database, the longest task for a worker.
The signal matters too: Postgres ends in order on SIGINT, nginx on SIGQUIT, as their images say themselves.
`pre_stop` is run by Compose alone: not at a crash, `docker stop` or a reboot.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n",
        good="services:\n  web:\n    image: acme/web:1.0\n    stop_grace_period: 30s\n",
        sources=(
            f"{SERVICES}#stop_grace_period",
            "https://www.postgresql.org/docs/current/server-shutdown.html",
            measured("SIGKILL 10 s after SIGTERM"),
        ),
    ),
    Text(
        name="job-shape",
        title="A job that is written like a service",
        why="""\
A migration ends; that is its success. With a restart policy the engine starts it again, with a health check nobody
knows what healthy means, with a port nobody knows when it answers. And `docker compose up --wait` fails when a
container that nobody waits for ends, even with 0: a job stands behind a profile, or somebody waits for its end.""",
        bad='services:\n  migrate:\n    image: acme/web:1.0\n    restart: "no"\n',
        good='services:\n  migrate:\n    image: acme/web:1.0\n    restart: "no"\n    profiles: [jobs]\n',
        sources=(
            "https://github.com/docker/compose/issues/10596",
            measured("`up --wait` exits 1 after a job that exits 0"),
        ),
    ),
    Text(
        name="migration-gates-roll",
        title="A rolled service that waits for a job which the deploy runs before",
        why="""\
`docker compose up` stops the running service *before* the job that it depends on has run: the outage is as long as the
migration, and lasts when the migration fails. A deploy by Fairlead runs the job first, beside the release that serves;
then the dependency only harms, on the day when somebody types `up`.""",
        bad="""\
services:
  web:
    image: acme/web:1.0
    expose: ["8000"]
    depends_on: {migrate: {condition: service_completed_successfully}}
  migrate: {image: "acme/web:1.0"}
""",
        good="""\
services:
  web:
    image: acme/web:1.0
    expose: ["8000"]
  migrate: {image: "acme/web:1.0", restart: "no", profiles: [jobs]}
""",
        sources=(measured("6.2 s of outage for a migration of 5 s, a full one when it fails"),),
    ),
    Text(
        name="single-writer",
        title="Several of what must be alone",
        why="""\
Two containers of a database on one volume destroy it; two of a migration run it twice. `replicas` and `scale` other
than 1 on a job or on a service that keeps data are a mistake, or a cluster that Compose does not make.""",
        bad="services:\n  db:\n    image: postgres:17.4\n    deploy: {replicas: 2}\n",
        good="services:\n  db:\n    image: postgres:17.4\n",
        sources=("https://docs.docker.com/reference/compose-file/deploy/#replicas",),
    ),
)
