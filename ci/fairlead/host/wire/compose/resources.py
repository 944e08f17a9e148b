"""What a top-level network or volume of a compose file is beside the app's own. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .spelling import as_items, as_mapping, is_nothing, is_reserved_label, label_names, real_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .grants import Grant

_NETWORK_OPTIONS = frozenset(
    (
        "com.docker.network.driver.mtu",
        "com.docker.network.bridge.enable_icc",
        "com.docker.network.bridge.enable_ip_masquerade",
        "com.docker.network.container_iface_prefix",
        "mtu",
    )
)
_MEMORY_OPTIONS = frozenset(
    [
        "",
        "size",
        "uid",
        "gid",
        "mode",
        "nr_inodes",
        "nr_blocks",
        "ro",
        "rw",
        "noexec",
        "nosuid",
        "nodev",
        "noatime",
    ]
)
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")


def resource_grants(kind: str, key: str, app: str, how: Mapping[str, Any]) -> Iterator[Grant]:
    """What a top-level network or volume is beside the app's own.

    Args:
        kind: ``networks`` or ``volumes``.
        key: its name in the file.
        app: the app, whose project it belongs to.
        how: what is said of it.
    """
    word = kind[:-1]
    given, external = real_names(how)
    if external:
        yield word, ("external",), f"{given or key} was made by somebody else"
    elif given and given != f"{app}_{key}":
        yield word, ("name",), f"{given} is a name that another app can have too"
    known = {"name", "external", "driver", "driver_opts", "labels"}
    if word == "network":
        known |= {"internal", "attachable", "enable_ipv4", "enable_ipv6", "ipam"}
        yield from _network_driver(how)
    else:
        yield from _volume_driver(how)
    yield from label_grants("labels", how.get("labels"))
    for name, value in how.items():
        if str(name) not in known and not str(name).startswith("x-") and not is_nothing(value):
            yield word, (str(name),), f"{name} is no key that is known to stay inside the app"


def label_grants(key: str, value: object) -> Iterator[Grant]:
    """Labels that are not the author's to give."""
    for step, name in label_names(value):
        if is_reserved_label(name):
            yield "label", (key, step), f"{name} is a label by which Fairlead or Compose know their own"


def _network_driver(how: Mapping[str, Any]) -> Iterator[Grant]:
    driver = str(how.get("driver") or "").strip()
    if driver not in ("", "default", "bridge", "overlay"):
        yield "network", ("driver",), f"the driver {driver} leads to the host's own network or is a plugin"
    for name in as_mapping(how.get("driver_opts")):
        if str(name) not in _NETWORK_OPTIONS:
            yield "network", ("driver_opts", str(name)), f"the driver is told {name}"
    ipam = as_mapping(how.get("ipam"))
    if str(ipam.get("driver") or "default") != "default" or ipam.get("options"):
        yield "network", ("ipam",), "its addresses come from a plugin"
    for index, block in as_items(ipam.get("config")):
        subnet = as_mapping(block).get("subnet")
        if subnet and not _is_private(str(subnet)):
            steps = ("ipam", "config", index)
            yield "network", steps, f"{subnet} takes addresses of others from the whole host"


def _is_private(subnet: str) -> bool:
    # Loaded for who gives addresses of his own, which few do: 8 ms.
    import ipaddress

    try:
        network = ipaddress.ip_network(subnet.strip(), strict=False)
    except ValueError:
        return False
    homes = [ipaddress.ip_network(text) for text in _PRIVATE]
    return any(network.version == one.version and network.subnet_of(one) for one in homes)  # type: ignore[arg-type]  # of one version


def _volume_driver(how: Mapping[str, Any]) -> Iterator[Grant]:
    driver = str(how.get("driver") or "").strip()
    if driver not in ("", "default", "local"):
        yield "volume", ("driver",), f"the driver {driver} is a plugin on the host"
    options = {str(name): str(value) for name, value in as_mapping(how.get("driver_opts")).items()}
    if options and not _is_memory(options):
        shown = options.get("device") or ", ".join(sorted(options))
        yield "volume", ("driver_opts",), f"it is {shown} of the host or of the network"


def _is_memory(options: Mapping[str, str]) -> bool:
    """Whether a local volume is a tmpfs, of which nothing is known that leads anywhere else."""
    words = {word.strip().partition("=")[0] for word in options.get("o", "").split(",")}
    return (
        options.get("type") == "tmpfs"
        and options.get("device", "tmpfs") in ("tmpfs", "none", "")
        and set(options) <= {"type", "device", "o"}
        and words <= _MEMORY_OPTIONS
    )
