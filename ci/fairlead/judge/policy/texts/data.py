"""Data and secrets."""

from __future__ import annotations

from fairlead.judge.policy.texts import DOCS, SERVICES, Text, cis, measured

_SECRETS = "https://docs.docker.com/compose/how-tos/use-secrets/"

TEXTS = (
    Text(
        name="anonymous-state",
        title="Data in a volume without a name",
        why="""\
An image that declares a volume gets one without a name when the file mounts none at that very folder. The next
container gets a new, empty one, and `docker volume prune` deletes the old. A volume beside the folder does not help:
Postgres up to 17 keeps its data in `/var/lib/postgresql/data`, from 18 on below `/var/lib/postgresql`, and 18 refuses to
start with a volume at `…/data`. A cache that is meant to forget says so: a tmpfs, or Redis with `--save ""`.""",
        bad="services:\n  db:\n    image: postgres:17.4\n",
        good="services:\n  db:\n    image: postgres:17.4\n    volumes: [data:/var/lib/postgresql/data]\nvolumes: {data: {}}\n",
        sources=(
            "https://docs.docker.com/reference/compose-file/volumes/",
            "https://github.com/docker-library/postgres/pull/1259",
        ),
    ),
    Text(
        name="no-backup",
        title="A volume with data that nobody copies",
        why="""\
A disk ends, a command deletes the wrong volume, a release writes nonsense. What has no backup is gone, and that is found
out on that day. So the file says of each volume with data who copies it, or why it may be lost; that list is also what
a restore drill goes through. A backup service that mounts the volume, or that names the database, is seen by itself.""",
        bad="services:\n  db:\n    image: postgres:17.4\n    volumes: [data:/var/lib/postgresql/data]\nvolumes: {data: {}}\n",
        good="""\
services:
  db:
    image: postgres:17.4
    volumes: [data:/var/lib/postgresql/data]
volumes:
  data: {x-fairlead: {backup: {by: "pgbackrest on the host, every night"}}}
""",
        sources=(
            f"{DOCS}engine/storage/volumes/#back-up-restore-or-migrate-data-volumes",
            "NIST SP 800-34, 3.4.1",
        ),
    ),
    Text(
        name="secret-in-environment",
        title="A secret in a variable, a build argument, a command or an address",
        why="""\
`docker inspect` shows variables and commands to everybody who may ask the engine; every child process inherits them;
crash reports and debug pages print them; build arguments stay in the image's history. `${VAR}` only moves the text: the
container has it in its environment all the same. Most images read a file where the variable ends in `_FILE`.
An address with a password in it (`postgres://app:secret@db`) also ends up in the logs of failed connections.""",
        bad="services:\n  db:\n    image: postgres:17.4\n    environment: {POSTGRES_PASSWORD: hunter2}\n",
        good="""\
services:
  db:
    image: postgres:17.4
    environment: {POSTGRES_PASSWORD_FILE: /run/secrets/db_password}
    secrets: [db_password]
secrets: {db_password: {file: ./secrets/db_password}}
""",
        sources=(cis("4.10"), _SECRETS, "CWE-526"),
    ),
    Text(
        name="secret-as-variable",
        title="A secret that is given as a variable",
        why="""\
`x-fairlead: {secret_environment: …}` gives a program that reads no files what it needs: the value comes from the vault
on the server when the container is made; it stands in no file of the repository, no release document, journal or log.
But the engine keeps it with the container: `docker inspect` shows it to whoever may ask the engine, every child process
inherits it, crash reports and debug pages print it. Where the program can read a file, give it one; where it cannot,
waive this with the reason.""",
        bad="""\
services:
  web:
    image: acme/web:1.0
    environment: [DATABASE_URL]
    x-fairlead: {secret_environment: {DATABASE_URL: database_url}}
""",
        good="""\
services:
  web:
    image: acme/web:1.0
    environment: {DATABASE_URL_FILE: /run/secrets/database_url}
    secrets: [database_url]
secrets: {database_url: {file: ./secrets/database_url}}
""",
        sources=(cis("4.10"), _SECRETS, "CWE-526"),
    ),
    Text(
        name="secret-mode-ignored",
        title="Owner and mode of a file secret, which Compose does not set",
        why="""\
Compose mounts a file secret as it lies on the host: `uid`, `gid` and `mode` are ignored with a warning that nobody
reads. Who relies on `mode: 0400` has a secret that everybody in the container reads, or one that the service can't read.
Give the file on the host the owner and mode that the service needs.""",
        bad="""\
services:
  web:
    image: acme/web:1.0
    secrets: [{source: token, mode: 0400}]
secrets: {token: {file: ./secrets/token}}
""",
        good="services:\n  web:\n    image: acme/web:1.0\n    secrets: [token]\nsecrets: {token: {file: ./secrets/token}}\n",
        sources=(f"{SERVICES}#secrets", measured("owner and mode of the host's file show through")),
    ),
    Text(
        name="stale-secret",
        title="A secret or config whose new content does not reach the container",
        why="""\
Compose makes a container anew when its definition changes. The content of a secret or config is no part of it: after a
rotation `up` says "running" and the old password stays in use until somebody restarts the container. A version in the
path changes the definition. Fairlead stores each content under its own name, so a deploy by it is safe.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    secrets: [token]\nsecrets: {token: {file: ./secrets/token}}\n",
        good="""\
services:
  web:
    image: acme/web:1.0
    secrets: [token]
secrets: {token: {file: "./secrets/${SECRETS_VERSION:?}/token"}}
""",
        sources=(measured("`config --hash` is the same before and after a secret's content changed"),),
    ),
    Text(
        name="read-only-with-inline-secret",
        title="A secret that has to be written into a read-only root",
        why="""\
Secrets and configs from `environment:` or `content:` are copied into the container's root file system. With
`read_only: true` that fails when the container is started, and `docker compose config` does not see it. Copied ones also
lie in plain text in the container's layer. Use files.""",
        bad="""\
services:
  web:
    image: acme/web:1.0
    read_only: true
    secrets: [token]
secrets: {token: {environment: TOKEN}}
""",
        good="""\
services:
  web:
    image: acme/web:1.0
    read_only: true
    secrets: [token]
secrets: {token: {file: ./secrets/token}}
""",
        sources=(_SECRETS, measured("`up` fails, `config -q` says nothing")),
    ),
)
