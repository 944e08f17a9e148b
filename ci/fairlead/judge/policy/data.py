"""Where data and secrets are, and whether they are still there tomorrow."""

from __future__ import annotations

from fairlead.app.images.facts import data_folder, keeps_nothing, major_version
from fairlead.app.images.known import is_ops_image, short_name
from fairlead.judge.policy.fault import Fault
from fairlead.judge.policy.rule import app_rule, service_rule
from fairlead.judge.policy.subject import as_mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairlead.judge.policy.subject import Subject, View

_OWNED = ("uid", "gid", "mode")


def _named_volumes(view: View) -> list[tuple[int, str, str]]:
    """Index, volume and target of each named volume that a service mounts."""
    return [
        (index, str(mount["source"]), str(mount.get("target", "")).rstrip("/"))
        for index, mount in enumerate(view.list("volumes"))
        if mount.get("type") == "volume" and mount.get("source")
    ]


@service_rule("anonymous-state")
def anonymous_state(view: View) -> Iterator[Fault]:
    """Data in a volume without a name, which the next container does not get."""
    reference = view.service.reference
    if view.service.role != "state":
        return
    if keeps_nothing(reference) or _keeps_in_memory(view):
        return
    named = _named_volumes(view)
    name = short_name(reference)
    version = major_version(reference)
    folder = data_folder(reference)
    if name.startswith("postg") and version >= 18:
        misplaced = list(_postgres_18(view, version))
        yield from misplaced
        if misplaced:
            return
    for index, mount in enumerate(view.list("volumes")):
        if mount.get("type") == "volume" and not mount.get("source"):
            what = f"{mount.get('target')} is a volume without a name: the next container gets an empty one"
            yield Fault(view.at("volumes", index), what, f"name it: data:{mount.get('target')}")
            return
    if any(mount.get("type") == "bind" and not mount.get("read_only") for mount in view.list("volumes")):
        return
    if not named:
        where = f"in {folder}" if folder else "in the container"
        what = f"it keeps its data {where}, and no named volume is there: the next container starts empty"
        yield Fault(view.path, what, f"write volumes: [data:{folder or '<folder>'}]", key=True)
    elif folder and not any(_covers(target, folder, view) for _, _, target in named):
        index, volume, target = named[0]
        what = f"{name} keeps its data in {folder}, not in {target}: that is an anonymous volume, and it is left behind"
        yield Fault(view.at("volumes", index), what, f"write {volume}:{folder}")


def _covers(target: str, folder: str, view: View) -> bool:
    """Whether a volume at ``target`` holds the data: in the very folder that the image declares, or where it is told."""
    told = str(view.get("environment", "PGDATA") or "").rstrip("/")
    if told and (told == target or told.startswith(f"{target}/")):
        return True
    if folder == "/var/lib/postgresql/data" and not major_version(view.service.reference):
        # Which one it is depends on a version that the file does not tell.
        return target in {folder, "/var/lib/postgresql"}
    return target == folder


def _postgres_18(view: View, version: int) -> Iterator[Fault]:
    for index, volume, target in _named_volumes(view):
        if target == "/var/lib/postgresql/data" and not view.get("environment", "PGDATA"):
            what = f"Postgres {version} keeps its data in /var/lib/postgresql/{version}, and refuses a volume at …/data"
            yield Fault(view.at("volumes", index), what, f"write {volume}:/var/lib/postgresql", rank=1)


def _keeps_in_memory(view: View) -> bool:
    """Whether the data is meant to be lost: on a tmpfs, or a Redis that saves nothing."""
    folder = data_folder(view.service.reference)
    memory = {entry.partition(":")[0].rstrip("/") for entry in view.list("tmpfs")}
    memory.update(
        str(mount.get("target", "")).rstrip("/")
        for mount in view.list("volumes")
        if mount.get("type") == "tmpfs"
    )
    if folder and folder in memory:
        return True
    said = " ".join(str(word) or "''" for word in (*view.list("entrypoint"), *view.list("command")))
    return "--save ''" in said or '--save ""' in said


@app_rule("no-backup")
def no_backup(subject: Subject) -> Iterator[Fault]:
    """A volume with data that nobody copies."""
    views = subject.views
    # Declared at the volume, at the service that writes it, or plain from a backup that mounts it or asks for it.
    copied = {volume for view in views if view.role == "ops" for _, volume, _ in _named_volumes(view)}
    asked = [_said(view) for view in views if view.role == "ops" and is_ops_image(view.service.reference)]
    volumes = subject.top("volumes")
    for view in views:
        if view.service.role != "state" or view.mapping("x-fairlead", "backup"):
            continue
        if any(view.name in words for words in asked):
            continue
        for index, volume, _ in _named_volumes(view):
            declared = as_mapping(as_mapping(volumes.get(volume, {}).get("x-fairlead")).get("backup"))
            if volume not in copied and not declared:
                what = f"{view.name}: nothing says who copies the volume {volume}: with the disk it is gone"
                fix = f"say so: volumes: {{{volume}: {{x-fairlead: {{backup: {{by: …}}}}}}}}, or {{none: <why it may be lost>}}"
                yield Fault(view.at("volumes", index), what, fix)
        yield from _folders_without_backup(view)


def _folders_without_backup(view: View) -> Iterator[Fault]:
    """Folders of the host that a database writes to; another service that mounts one is taken for what copies it."""
    for index, mount in enumerate(view.list("volumes")):
        bind = view.service.binds.get(str(mount.get("target") or ""))
        if bind is not None and bind.kind == "data" and not bind.shared and not mount.get("read_only"):
            what = (
                f"{view.name}: nothing says who copies {bind.source} on the server: with the disk it is gone"
            )
            fix = "say so: x-fairlead: {backup: {by: …}} beside the service, or {none: <why it may be lost>}"
            yield Fault(view.at("volumes", index), what, fix)


def _said(view: View) -> set[str]:
    """The words of a service's variables, command and dependencies."""
    if "backup" not in view.service.reference and not view.mapping("depends_on"):
        return set()
    values = [*view.mapping("environment").values(), *view.list("command")]
    text = " ".join(str(value) for value in values)
    return {*text.replace("@", " ").replace(":", " ").replace("/", " ").replace(",", " ").split()}


@service_rule("secret-mode-ignored")
def secret_mode_ignored(view: View) -> Iterator[Fault]:
    """Owner and mode of a file secret, which Compose does not set."""
    for kind in ("secrets", "configs"):
        declared = view.subject.top(kind)
        for index, entry in enumerate(view.list(kind)):
            source = str(entry.get("source", ""))
            if not declared.get(source, {}).get("file"):
                continue
            for key in _OWNED:
                if key in entry and view.is_written(kind, index, key):
                    what = f"{key} of {source} is ignored: the file is mounted as it lies on the host"
                    fix = "remove it; give the host's file the owner and mode that the service needs"
                    yield Fault(view.at(kind, index, key), what, fix, key=True)


@service_rule("read-only-with-inline-secret")
def read_only_with_inline_secret(view: View) -> Iterator[Fault]:
    """A secret that has to be written into a root file system which is read-only."""
    if view.get("read_only") is not True:
        return
    for kind in ("secrets", "configs"):
        declared = view.subject.top(kind)
        for index, entry in enumerate(view.list(kind)):
            how = declared.get(str(entry.get("source", "")), {})
            key = next((key for key in ("environment", "content") if key in how), "")
            if key and not how.get("file"):
                what = f"{entry.get('source')} has its value from {key}:, which Compose copies into the container: "
                what += "with read_only that fails, and only when it is started"
                yield Fault(view.at(kind, index), what, "keep the value in a file: file: ./secrets/NAME")


@app_rule("stale-secret")
def stale_secret(subject: Subject) -> Iterator[Fault]:
    """A secret or config whose new content does not reach the container."""
    if subject.deployed:
        return
    used = {
        (kind, str(entry.get("source", "")))
        for view in subject.views
        for kind in ("secrets", "configs")
        for entry in view.list(kind)
    }
    for kind in ("secrets", "configs"):
        for name, how in subject.top(kind).items():
            key = next((key for key in ("file", "environment", "content") if how.get(key)), "")
            node = subject.model.node((kind, name, key)) if key else None
            if node is None or (kind, name) not in used or (key == "file" and "$" in node.text):
                continue
            what = f"{name}: new content does not change the service's definition, so `up` keeps the old container"
            fix = "put a version into its path: file: ./secrets/${SECRETS_VERSION:?}/NAME; a deploy by Fairlead does as much"
            yield Fault((kind, name, key), what, fix)
