"""What a process may do in its container, and what it could do from there."""

from __future__ import annotations

from fairlead.app.images.facts import brings_init, drops_root_itself, known_to_write, runs_as_another_user
from fairlead.app.images.known import short_name
from fairlead.host.wire.compose.grants import is_harmless_option
from fairlead.host.wire.compose.spelling import read_security_option
from fairlead.judge.policy.fault import Fault
from fairlead.judge.policy.rule import service_rule
from fairlead.judge.policy.subject import as_mapping, bytes_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairlead.judge.policy.subject import View

DANGEROUS = frozenset(
    {"ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "SYS_BOOT", "DAC_READ_SEARCH", "NET_ADMIN"}
    | {"BPF", "MAC_ADMIN", "MAC_OVERRIDE", "PERFMON", "CHECKPOINT_RESTORE", "SYSLOG", "SYS_TIME"}
)
"""Capabilities with which a container is left, or the host's kernel, devices or files are reached."""
_NO_NEW_PRIVILEGES = '["no-new-privileges:true"]'
_OFF = {
    "seccomp": ("unconfined", "the filter of system calls"),
    "apparmor": ("unconfined", "the AppArmor profile"),
    "systempaths": ("unconfined", "the masks over /proc and /sys"),
    "label": ("disable", "the SELinux label"),
}


@service_rule("privileged")
def privileged(view: View) -> Iterator[Fault]:
    """A container, hook or build that is root on the host."""
    fix = "remove it; add the one capability or device that is needed"
    if view.get("privileged") is True:
        yield Fault(view.at("privileged"), "privileged: true makes it root on the host", fix)
    for kind in ("pre_start", "post_start", "pre_stop"):
        for index, hook in enumerate(view.list(kind)):
            if hook.get("privileged") is True:
                what = f"the {kind} hook is privileged: it runs as root on the host"
                yield Fault(view.at(kind, index, "privileged"), what, fix)
    if view.get("build", "privileged") is True:
        what = "the build is privileged: every step of the Dockerfile is root on the builder"
        yield Fault(view.at("build", "privileged"), what, "remove it")
    for index, entitlement in enumerate(view.list("build", "entitlements")):
        if entitlement == "security.insecure":
            what = "the entitlement security.insecure lets build steps be root on the builder"
            yield Fault(view.at("build", "entitlements", index), what, "remove it")


@service_rule("runs-as-root")
def runs_as_root(view: View) -> Iterator[Fault]:
    """A main process with user id 0, or one that nobody can tell."""
    fix = _user_of(view)
    if "user" in view.definition and view.text("user"):
        user = view.text("user").partition(":")[0]
        if user in {"0", "root"}:
            yield Fault(view.at("user"), f"user {user} is root", fix)
        elif not user.isdecimal():
            what = f"the user {user} is a name: what number it has, and whether it is 0, only the image tells"
            yield Fault(view.at("user"), what, "write its number, as in `docker run IMAGE id`")
        return
    own = view.service.dockerfile.user.partition(":")[0]
    if own.isdecimal() and own.isascii() and own.strip("0"):
        return
    reference = view.service.reference
    if not view.is_own and (runs_as_another_user(reference) or _is_told_its_user(view)):
        return
    if view.role == "state" and drops_root_itself(reference):
        return
    if not own:
        what = "it says no user, so the image decides: most images run as root"
    elif own == "root":
        what = "its Dockerfile says USER root"
    elif own.isdecimal():
        what = f"its Dockerfile says USER {own}, which is root"
    else:
        name = f"its Dockerfile says USER {own}, a name"
        what = f"{name}: what number it has, and whether it is 0, only the image tells"
    yield Fault(view.path, what, fix, key=True)


def _user_of(view: View) -> str:
    """What to write: of an image that is not built here only its documentation tells what user it works as."""
    if view.is_own:
        return 'write user: "10001:10001", a number that the image need not know'
    return (
        'write user: "<number>:<number>", where its documentation names one: many images start as root only'
    )


def _is_told_its_user(view: View) -> bool:
    """Whether it begins as root, to go on as the user that a variable names: with ``user:`` it does not start."""
    return brings_init(view.service.reference) and bool({"PUID", "UID"} & view.mapping("environment").keys())


def normal_capability(text: str) -> str:
    """A capability as Docker knows it, without ``CAP_``."""
    return text.strip().upper().removeprefix("CAP_")


@service_rule("capabilities-kept")
def capabilities_kept(view: View) -> Iterator[Fault]:
    """Capabilities that are not dropped, or added beyond what the role needs."""
    dropped = {word.strip().upper() for word in view.list("cap_drop")}
    added = [normal_capability(word) for word in view.list("cap_add")]
    allowed = [normal_capability(word) for word in view.subject.policy.capabilities.get(view.role, ())]
    if "ALL" not in dropped:
        what = "it keeps capabilities that Docker gives to every container"
        fix = "write cap_drop: [ALL], and add back the one that is needed"
        if "cap_drop" in view.definition:
            yield Fault(view.at("cap_drop"), f"{what}, all but {', '.join(sorted(dropped))}", fix)
        else:
            yield Fault(view.path, what, fix, key=True)
    elif short_name(view.reference) == "caddy" and "NET_BIND_SERVICE" not in added:
        what = "the binary of the official Caddy image carries NET_BIND_SERVICE: with all dropped it does not start"
        yield Fault(view.at("cap_drop"), what, "write cap_add: [NET_BIND_SERVICE]", rank=1)
    for index, capability in enumerate(added):
        if capability not in allowed and capability not in DANGEROUS:
            what = f"{capability} is more than a service of role {view.role} needs"
            fix = f"remove it, or allow it: validate: {{capabilities: {{{view.role}: [{capability}]}}}} in fairlead.yaml"
            yield Fault(view.at("cap_add", index), what, fix)


@service_rule("dangerous-capability")
def dangerous_capability(view: View) -> Iterator[Fault]:
    """A capability that leads out of the container."""
    for index, word in enumerate(view.list("cap_add")):
        capability = normal_capability(word)
        if capability in DANGEROUS:
            what = f"{capability} leads out of the container"
            yield Fault(
                view.at("cap_add", index),
                what,
                "remove it; if nothing else will do, waive it with the reason",
            )


@service_rule("new-privileges")
def new_privileges(view: View) -> Iterator[Fault]:
    """A process that may gain privileges by a setuid file."""
    options = view.list("security_opt")
    said = [(index, *read_security_option(option)) for index, option in enumerate(options)]
    said = [(index, name, value.lower()) for index, name, value in said if name == "no-new-privileges"]
    for index, _, value in said:
        if value in {"", "true"}:
            continue
        # The engine takes the last one.
        path = view.at("security_opt", index)
        what = f"{options[index]} lets setuid files give privileges"
        repair = (path, '"no-new-privileges:true"')
        # Switched off by hand, and perhaps behind one that switches it on: no mere lack of hardening.
        yield Fault(path, what, "write no-new-privileges:true", repair=repair, rank=2)
    if said:
        return
    what = "a setuid file in the image can give its process more privileges"
    fix = f"write security_opt: {_NO_NEW_PRIVILEGES}"
    if options:
        path = view.at("security_opt")
        yield Fault(path, what, fix, key=True, repair=((*path, len(options)), '"no-new-privileges:true"'))
    else:
        yield Fault(view.path, what, fix, key=True, repair=(view.at("security_opt"), _NO_NEW_PRIVILEGES))


@service_rule("confinement-off")
def confinement_off(view: View) -> Iterator[Fault]:
    """A profile that is not the engine's own: nobody here can tell what it allows."""
    for index, option in enumerate(view.list("security_opt")):
        name, value = read_security_option(option)
        if name == "no-new-privileges" or is_harmless_option(option):
            continue
        off, meaning = _OFF.get(name, ("", ""))
        if off and value.lower() == off:
            what = f"{option} switches {meaning} off"
        else:
            what = f"{option} puts another profile in the place of the engine's own: what it allows is not known here"
        fix = "remove it; if the profile is stricter than the engine's, waive it with the reason"
        yield Fault(view.at("security_opt", index), what, fix)


@service_rule("writable-root")
def writable_root(view: View) -> Iterator[Fault]:
    """A root file system that can be changed, or one that can't and is known to be."""
    if view.get("read_only") is not True:
        what = "its root file system is writable: what an intruder changes stays until the next deploy"
        fix = 'write read_only: true, with tmpfs: ["/tmp:size=16m"] and a volume for what it keeps'
        if "read_only" in view.definition:
            yield Fault(view.at("read_only"), what, fix)
        else:
            yield Fault(view.path, what, fix, key=True)
        return
    mounted = {str(mount.get("target", "")).rstrip("/") for mount in view.list("volumes")}
    mounted.update(entry.partition(":")[0].rstrip("/") for entry in view.list("tmpfs"))
    for folder in known_to_write(view.service.reference) if not view.is_own else ():
        if not mounted.intersection((folder, folder.replace("/var/run", "/run"))):
            what = f"read_only: {short_name(view.service.reference)} writes to {folder} and does not start without"
            fix = f'write tmpfs: ["{folder}:size=16m"]'
            yield Fault(view.at("read_only"), what, fix, severity="warning", rank=1)


@service_rule("tmpfs-unbounded")
def tmpfs_unbounded(view: View) -> Iterator[Fault]:
    """A file system in memory without a bound, or one from which programs run."""
    for index, entry in enumerate(view.list("tmpfs")):
        target, _, options = entry.partition(":")
        path = view.at("tmpfs", index)
        words = [word.strip() for word in options.split(",")] if options else []
        sizes = [word.partition("=")[2] for word in words if word.startswith("size=")]
        if not any(bytes_of(size) or size.endswith("%") for size in sizes):
            # A single one may be written without a list around it.
            whole = view.at("tmpfs") if not view.is_written("tmpfs", index) else path
            repair = None if sizes else (whole, f'"{target}:{",".join(("size=64m", *words))}"')
            yield _unbounded(path, target, repair)
        for word in words:
            if word in {"exec", "suid", "dev"}:
                what = f"the tmpfs {target} is mounted with {word}: what is written there can be run as a program"
                yield Fault(path, what, f"remove {word}; Docker mounts it no{word}")
    for index, mount in enumerate(view.list("volumes")):
        told = as_mapping(mount.get("tmpfs"))
        if mount.get("type") == "tmpfs" and not bytes_of(told.get("size", 0)):
            path = view.at("volumes", index)
            repair = ((*path, "tmpfs", "size"), "64m") if told else ((*path, "tmpfs"), "{size: 64m}")
            yield _unbounded(path, str(mount.get("target", "")), repair)


def _unbounded(
    path: tuple[str | int, ...], target: str, repair: tuple[tuple[str | int, ...], str] | None
) -> Fault:
    what = f"the tmpfs {target} has no size: it may take half of the host's memory"
    return Fault(path, what, f"write its bound: {target}:size=64m", repair=repair)
