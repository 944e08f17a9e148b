"""What of the host a container gets."""

from __future__ import annotations

from fairlead.judge.policy.texts import DOCS, ENGINE, SERVICES, Text, cis, measured

TEXTS = (
    Text(
        name="host-namespace",
        title="A namespace of the host",
        why="""\
`pid: host` sees and signals every process, `network_mode: host` listens on every interface and reaches what trusts the
loopback, `ipc: host` reads shared memory, `userns_mode: host` undoes the engine's remapping of root.
`container:` ties a service to a container that this file does not know, so it breaks when that one is made anew.
An external network called `host` is the same by another way.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    network_mode: host\n",
        good='services:\n  web:\n    image: acme/web:1.0\n    expose: ["8000"]\n',
        sources=(cis("5.10", "5.16", "5.17", "5.21", "5.31"), f"{SERVICES}#network_mode"),
    ),
    Text(
        name="engine-socket",
        title="The engine's API in a container",
        why="""\
Whoever may talk to the engine may start a privileged container with the host's disk in it: the socket *is* root on the
host. `:ro` makes the file read-only, not the API behind it. A folder that holds the socket, such as `/run`, and
`use_api_socket` are the same. A proxy that reads labels of containers gets a filtering proxy of the socket instead,
or its configuration from a file.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    volumes: [/var/run/docker.sock:/var/run/docker.sock:ro]\n",
        good="services:\n  web:\n    image: acme/web:1.0\n    volumes: [data:/data]\nvolumes: {data: {}}\n",
        sources=(cis("5.32"), f"{ENGINE}security/#docker-daemon-attack-surface"),
    ),
    Text(
        name="host-device",
        title="A device of the host that nobody allowed",
        why="""\
A disk as a device is the whole disk, past every permission; a device rule covers devices that appear later; GPUs share
memory and drivers with the host; `cgroup_parent` takes the container out of the limits around it.
What is meant is listed once: `validate: {devices: [/dev/dri]}` in fairlead.yaml.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    devices: [/dev/sda:/dev/sda]\n",
        good="services:\n  web:\n    image: acme/web:1.0\n",
        sources=(cis("5.18", "5.25"), f"{SERVICES}#devices"),
    ),
    Text(
        name="sensitive-host-path",
        title="A folder of the host that holds its configuration or other containers' data",
        why="""\
`/etc` has the password hashes, `/proc` and `/sys` the switches of the kernel, `/root` the administrator's keys,
`/var/lib/docker` the files of every container, secrets among them; `/` is all of it. Read-only still leaks.
`shared` propagation lets a mount that is made in the container appear on the host.
Time zone and CA certificates, read-only, are let through.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    volumes: [/etc:/host/etc:ro]\n",
        good="services:\n  web:\n    image: acme/web:1.0\n    volumes: [/etc/localtime:/etc/localtime:ro]\n",
        sources=(cis("5.6", "5.20"), f"{DOCS}engine/storage/bind-mounts/"),
    ),
    Text(
        name="bind-mount",
        title="A folder of the host where nobody put it",
        why="""\
With the short form Docker makes a missing source: the server gets an empty *folder* called `app.conf`, and the program
starts with nothing or not at all. What is written into a bind mount has no name, no driver and mostly no backup, and
two releases beside each other write to the same files. Volumes are for data. For configuration use the long form with
`read_only: true` and `bind: {create_host_path: false}`, which fails at once when the file is missing.
Read-only files of the repository travel with a release of Fairlead and are let through there; so is a folder that is
written to and in which the repository has nothing: it is kept on the host, over all releases.
A path outside of the repository is the server's: what is there, and who else uses it, no file here says. It needs a waiver.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    volumes: [./app.conf:/etc/app.conf]\n",
        good="""\
services:
  web:
    image: acme/web:1.0
    volumes:
      - type: bind
        source: ./app.conf
        target: /etc/app.conf
        read_only: true
        bind: {create_host_path: false}
""",
        sources=(
            f"{SERVICES}#volumes",
            measured(
                "a short bind mount of a missing file leaves an empty folder of its name, without a word"
            ),
        ),
    ),
)
