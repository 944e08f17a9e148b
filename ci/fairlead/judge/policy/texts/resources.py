"""Resources and logs."""

from __future__ import annotations

from fairlead.judge.policy.texts import DEPLOY, ENGINE, Text, cis, measured

TEXTS = (
    Text(
        name="no-limits",
        title="A service that can take all of the host",
        why="""\
One leak takes the memory of all: the kernel then kills what is largest, often the database. One loop takes the
processors, one fork bomb every process number. With limits the fault stays where it is, and restarts.
`mem_limit`, `cpus` and `pids_limit` count as well. 0 and -1 are no limits.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n",
        good="""\
services:
  web:
    image: acme/web:1.0
    deploy: {resources: {limits: {memory: 256M, cpus: "0.5", pids: 128}}}
""",
        sources=(cis("5.11", "5.12", "5.29"), f"{DEPLOY}#resources"),
    ),
    Text(
        name="mixed-limits",
        title="Limits of the old kind beside those of the new",
        why="""\
`mem_limit`, `cpus` and `pids_limit` beside `deploy.resources.limits` are refused when they differ, and one of two that
agree is forgotten when the other is changed. Write all of them in one place.""",
        bad="""\
services:
  web:
    image: acme/web:1.0
    mem_limit: 512m
    deploy: {resources: {limits: {cpus: "0.5"}}}
""",
        good='services:\n  web:\n    image: acme/web:1.0\n    deploy: {resources: {limits: {memory: 512M, cpus: "0.5"}}}\n',
        sources=(
            f"{DEPLOY}#resources",
            measured("`can't set distinct values on 'mem_limit' and 'deploy.resources.limits.memory'`"),
        ),
    ),
    Text(
        name="unbounded-logs",
        title="Logs that grow until the disk is full",
        why="""\
Docker's default driver, json-file, never rotates. A chatty service fills the disk in weeks, a looping one in hours, and
then everything on the host stops. `local` is bounded and compressed by itself; json-file needs `max-size` *and*
`max-file`. Drivers that send logs away are let through.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    logging: {driver: json-file}\n",
        good='services:\n  web:\n    image: acme/web:1.0\n    logging: {driver: local, options: {max-size: 10m, max-file: "3"}}\n',
        sources=(f"{ENGINE}logging/configure/", f"{ENGINE}logging/drivers/json-file/"),
    ),
    Text(
        name="limits-over-host",
        title="Services that together may take more than the host has",
        why="""\
Limits that add up to more than the server has do not hold when they are needed: the kernel kills by its own choice.
Say what a server has in fairlead.yaml (`validate: {host: {memory: 4G, cpus: 2}}`); jobs and services behind inactive
profiles are not counted.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    deploy: {replicas: 4, resources: {limits: {memory: 2G}}}\n",
        good="services:\n  web:\n    image: acme/web:1.0\n    deploy: {replicas: 2, resources: {limits: {memory: 1G}}}\n",
        sources=(f"{ENGINE}containers/resource_constraints/",),
    ),
)
