"""The spellings that Compose takes for one thing, read into one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

RESERVED_LABELS = ("dev.fairlead.", "com.docker.compose.", "com.docker.stack.", "com.docker.swarm.")
"""How Fairlead and Compose know their own again; nobody else gives these to anything."""


def real_names(how: Mapping[str, Any]) -> tuple[str, bool]:
    """The explicit name of a network or volume, empty if there is none, and whether somebody else makes it."""
    external = how.get("external")
    old = external.get("name") if isinstance(external, Mapping) else None
    return str(how.get("name") or old or ""), not is_nothing(external)


def read_mount(raw: object) -> Mapping[str, Any]:
    """A mount of a service in the long form, whichever it is written in."""
    if isinstance(raw, Mapping):
        is_path = raw.get("type") == "volume" and set(str(raw.get("source") or "")) & set("/\\~")
        return {**raw, "type": "bind"} if is_path else raw
    text = str(raw)
    # As Compose reads it: `C:` is a drive, whatever follows.
    is_drive = text[:1].isalpha() and text[1:2] == ":" and ":" in text[2:]
    source, found, rest = text[2:].partition(":") if is_drive else text.partition(":")
    source = text[:2] + source if is_drive else source
    if not found:
        return {"type": "volume", "target": text}
    kind = "bind" if is_drive or source.startswith((".", "/", "~", "\\")) else "volume"
    target, _, mode = rest.partition(":")
    made: dict[str, Any] = {"type": kind, "source": source, "target": target}
    words = [word for word in mode.split(",") if word.endswith(("shared", "slave", "private"))]
    return {**made, "bind": {"propagation": words[0]}} if words else made


def volume_paths(how: Mapping[str, Any]) -> Iterator[str]:
    """Every path that the options of a local volume may name: its device, and the layers of an overlay."""
    options = how.get("driver_opts")
    for value in (options or {}).values() if isinstance(options, Mapping) else ():
        for word in str(value).replace("=", ",").replace(":", ",").split(","):
            if "/" in word or word.startswith("."):
                yield word.strip()
    device = options.get("device") if isinstance(options, Mapping) else None
    if device:
        yield str(device)


def as_compose_reads(value: Any) -> Any:
    """A value of a document whose variables are resolved, as it comes out of Compose: ``$$`` is one dollar sign."""
    if isinstance(value, str):
        return value.replace("$$", "$")
    if isinstance(value, Mapping):
        return {key: as_compose_reads(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_compose_reads(one) for one in value]
    return value


def is_reserved_label(name: str) -> bool:
    """Whether a label is one by which Fairlead or Compose know their own."""
    return name.strip().lower().startswith(RESERVED_LABELS)


def is_reserved_name(name: str) -> bool:
    """Whether a network, volume or container of this name is the edge's, or of Fairlead's own project."""
    lower = name.strip().lower()
    return lower == "fairlead" or lower.startswith(("fairlead-", "fairlead_"))


def label_names(value: object) -> Iterator[tuple[str | int, str]]:
    """The labels of a mapping or list: where each stands, and its name."""
    if isinstance(value, Mapping):
        yield from ((str(name), str(name)) for name in value)
    elif isinstance(value, (list, tuple)):
        yield from ((index, str(item).partition("=")[0]) for index, item in enumerate(value))


def read_security_option(text: object) -> tuple[str, str]:
    """Name and value of a security option: ``name:value``, ``name=value`` or the name alone."""
    name, _, value = str(text).strip().replace("=", ":", 1).partition(":")
    return name.strip().lower(), value.strip()


def is_nothing(value: object) -> bool:
    """Whether a value asks for nothing, in any way to write that."""
    if isinstance(value, str):
        return value.strip().lower() in ("", "false", "no", "off", "n", "0")
    return value in (None, False, 0) or (isinstance(value, (list, tuple, Mapping)) and not value)


def as_items(value: object) -> Iterable[tuple[int, Any]]:
    """A list with its indexes; a single value is a list of one."""
    return enumerate(value if isinstance(value, (list, tuple)) else [] if value is None else [value])


def as_mapping(value: object) -> Mapping[str, Any]:
    """A mapping as it is, anything else as an empty one."""
    return value if isinstance(value, Mapping) else {}
