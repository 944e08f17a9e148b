"""Privilege."""

from __future__ import annotations

from fairlead.judge.policy.texts import ENGINE, SERVICES, Text, cis, measured

TEXTS = (
    Text(
        name="privileged",
        title="A container, hook or build that is root on the host",
        why="""\
`privileged: true` gives every capability and every device and takes the filters away: whoever breaks into the program
owns the server. Hooks have a `privileged` of their own, and the build entitlement `security.insecure` does the same on
the builder. What is needed is almost always one capability or one device.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    privileged: true\n",
        good="services:\n  web:\n    image: acme/web:1.0\n    cap_add: [NET_BIND_SERVICE]\n",
        sources=(cis("5.5"), f"{SERVICES}#privileged"),
    ),
    Text(
        name="runs-as-root",
        title="A main process with user id 0",
        why="""\
Root in a container is root of the kernel as soon as anything around it fails: a mount too many, a kernel bug, a
runtime bug. A number is demanded, because a name is looked up in the image, where it may be 0.
What the repository's own Dockerfile says (`USER 10001`) counts, and official database images that step down by
themselves may begin as root.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    user: root\n",
        good='services:\n  web:\n    image: acme/web:1.0\n    user: "10001:10001"\n',
        sources=(cis("4.1"), "NIST SP 800-190, 3.4.1"),
    ),
    Text(
        name="capabilities-kept",
        title="Capabilities that are not dropped, or more than the role needs",
        why="""\
Docker leaves a container 14 capabilities, among them to read every file, to change owners and to forge packets.
Most programs need none. Drop all of them and add the one that is needed: `NET_BIND_SERVICE` for a proxy, and for
a database what its entrypoint needs to step down from root.
The binary of the official Caddy image carries `NET_BIND_SERVICE` as a file capability: with all dropped and nothing
added it does not start at all.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n",
        good="services:\n  web:\n    image: acme/web:1.0\n    cap_drop: [ALL]\n",
        sources=(
            cis("5.4"),
            f"{ENGINE}security/#linux-kernel-capabilities",
            measured("Caddy 2.11.4 with cap_drop: [ALL] and nothing added does not start"),
        ),
    ),
    Text(
        name="dangerous-capability",
        title="A capability that leads out of the container",
        why="""\
`SYS_ADMIN` mounts, `SYS_MODULE` loads code into the kernel, `SYS_PTRACE` reads other processes, `DAC_READ_SEARCH`
opens files of the host by their number, `NET_ADMIN` rewrites routes and firewalls, `BPF` watches the kernel, `ALL` is
all of these. No list in fairlead.yaml allows them: where nothing else will do, the service waives the rule with its
reason.""",
        bad="services:\n  vpn:\n    image: acme/vpn:1.0\n    cap_drop: [ALL]\n    cap_add: [SYS_ADMIN]\n",
        good="services:\n  vpn:\n    image: acme/vpn:1.0\n    cap_drop: [ALL]\n",
        sources=(cis("5.4"), "https://man7.org/linux/man-pages/man7/capabilities.7.html"),
    ),
    Text(
        name="new-privileges",
        title="A process that may gain privileges by a setuid file",
        why="""\
Base images carry setuid programs such as `su` and `mount`. With `no-new-privileges` the kernel ignores those bits, so
a process can't become more than it started as. Programs that step *down* from root, as database images do, are not
touched by it.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n",
        good='services:\n  web:\n    image: acme/web:1.0\n    security_opt: ["no-new-privileges:true"]\n',
        sources=(cis("5.26"), "https://docs.kernel.org/userspace-api/no_new_privs.html"),
    ),
    Text(
        name="confinement-off",
        title="A filter of the engine that is switched off or replaced",
        why="""\
The engine filters system calls (seccomp), hides parts of /proc and /sys, and runs containers under an AppArmor or
SELinux label. `unconfined` and `label:disable` take one of these away for good, mostly to get round one denied call.
Another profile than the engine's own counts as well (`label:type:spc_t` is no filter at all, and what a file allows nobody
can tell from here): one that is stricter, or allows just this call, is waived with that reason.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    security_opt: [seccomp:unconfined]\n",
        good="services:\n  web:\n    image: acme/web:1.0\n    security_opt: [apparmor:docker-default]\n",
        sources=(cis("5.2", "5.3", "5.22"), f"{ENGINE}security/seccomp/"),
    ),
    Text(
        name="writable-root",
        title="A root file system that can be changed",
        why="""\
On a writable root an intruder leaves tools behind, a program quietly keeps state that the next deploy throws away, and
a broken one fills the disk. Read-only, with a bounded tmpfs for what is temporary and a volume for what is kept, each
place that is written is known. Images that are known to write elsewhere, such as Postgres to `/var/run/postgresql`,
need a tmpfs there.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n",
        good='services:\n  web:\n    image: acme/web:1.0\n    read_only: true\n    tmpfs: ["/tmp:size=16m"]\n',
        sources=(cis("5.13"), f"{SERVICES}#read_only"),
    ),
    Text(
        name="tmpfs-unbounded",
        title="A file system in memory without a bound",
        why="""\
A tmpfs without `size` may grow to half of the host's memory, and what lies in it counts against the container's limit
only where there is one. With `exec`, `suid` or `dev`, what was written there can be run as a program: Docker leaves
these out by default, so the file must have asked for them.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    tmpfs: [/tmp]\n",
        good='services:\n  web:\n    image: acme/web:1.0\n    tmpfs: ["/tmp:size=16m"]\n',
        sources=(
            f"{ENGINE}storage/tmpfs/",
            measured("`df` in a container shows a tmpfs without size as half of the host's memory"),
        ),
    ),
)
