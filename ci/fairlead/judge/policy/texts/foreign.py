"""What belongs to others."""

from __future__ import annotations

from fairlead.judge.policy.texts import DOCS, ENGINE, SERVICES, Text, measured

TEXTS = (
    Text(
        name="foreign-resource",
        title="A network, volume or container of somebody else",
        why="""\
An `external` network or volume was made by somebody else, and one with a `name:` of its own is found by whoever uses that
name too: an app on it reaches databases that were never meant for it, or reads their files. `network_mode: NAME`,
`volumes_from: container:NAME` and `external_links` are the same by other ways; `network_mode: bridge` is the network of
all containers that name none. What is meant is waived, with the reason, so that a reviewer sees it. What belongs to another
app of Fairlead on the same host, the host refuses, waived or not.""",
        bad="""\
services:
  web:
    image: acme/web:1.0
    networks: [shared]
networks:
  shared: {external: true, name: shop_data}
""",
        good="""\
services:
  web:
    image: acme/web:1.0
    networks: [own]
networks:
  own: {internal: true}
""",
        sources=(f"{DOCS}reference/compose-file/networks/#external", f"{SERVICES}#network_mode"),
    ),
    Text(
        name="host-driver",
        title="A driver, plugin, runtime or program of the host",
        why="""\
A local volume with `device:` is any folder or disk of the host, whatever its `type` and `o` say (`bind`, `rbind`, overlay,
ext4) or of the network (nfs, cifs); only a tmpfs is none. A network driver other than bridge puts the container into the
network of the host (macvlan, ipvlan, host); its options name interfaces of the host; an address range that is not private
takes the route to it from the whole host. Volume, network, log and address plugins, `runtime`, `credential_spec`,
`annotations`, `provider` and `models` hand work to a program that runs on the host, mostly as root. Mounts of the types
npipe, cluster and image are not of this app.""",
        bad="""\
services:
  web:
    image: acme/web:1.0
    volumes: [data:/data]
volumes:
  data: {driver_opts: {type: none, o: rbind, device: /opt/data}}
""",
        good="""\
services:
  web:
    image: acme/web:1.0
    volumes: [data:/data, scratch:/scratch]
volumes:
  data: {}
  scratch: {driver_opts: {type: tmpfs, device: tmpfs, o: "size=64m"}}
""",
        sources=(
            f"{DOCS}engine/storage/volumes/#create-a-volume-using-a-volume-driver",
            f"{ENGINE}network/drivers/",
            measured("a local volume with o: rbind and a device is a bind mount"),
        ),
    ),
    Text(
        name="reserved-name",
        title="A name, label or folder by which Fairlead or Compose knows its own",
        why="""\
`dev.fairlead.*` and `com.docker.compose.*` are how Fairlead and Compose find their containers, networks and volumes again:
who gives them to his own is taken for somebody else. Names that begin with `fairlead-` or `fairlead_` are the edge's.
`/srv/fairlead` holds every app's secrets, and so does a folder that holds it; `/proc/1/root` is the host by another
name. None of it is the author's to give away, so this rule can't be waived, and the host refuses it as well.""",
        bad="""\
services:
  web:
    image: acme/web:1.0
    labels: {dev.fairlead.app: shop}
""",
        good="""\
services:
  web:
    image: acme/web:1.0
    labels: {com.example.team: shop}
""",
        sources=("https://docs.docker.com/engine/manage-resources/labels/#key-format-recommendations",),
    ),
    Text(
        name="foreign-source",
        title="A secret or config from what is not the repository's",
        why="""\
Whoever writes a repository, or a pull request to one, would else read the machine that deploys it: `/proc/self/environ` is the
SSH key and the registry's password, and so is `environment: FAIRLEAD_SSH_KEY`. Files are those of the repository, their
links resolved, or of `--secrets-dir`; variables of Fairlead, the CI and the tools that speak for somebody
(`FAIRLEAD_* GITHUB_* ACTIONS_* RUNNER_* SSH_* DOCKER_* AWS_*` and others) are none. The deploy refuses the same, so this rule
can't be waived.""",
        bad="""\
services:
  web:
    image: acme/web:1.0
    secrets: [key]
secrets:
  key: {file: /proc/self/environ}
""",
        good="""\
services:
  web:
    image: acme/web:1.0
    secrets: [key]
secrets:
  key: {environment: WEB_KEY}
""",
        sources=(f"{DOCS}reference/compose-file/secrets/",),
    ),
)
