"""Networks, volumes, secrets and configs of the top level, and what concerns all services together."""

from __future__ import annotations

from fairlead.composefile.consistency.exclusive import check_container_names
from fairlead.composefile.consistency.ground import at, listed, mapping, plain_text
from fairlead.composefile.consistency.mounts import check_lost_mounts
from fairlead.composefile.consistency.networking import is_address, is_subnet
from fairlead.composefile.consistency.references import check_cycles
from fairlead.composefile.consistency.values import check_pairs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.composefile.consistency.ground import Ground
    from fairlead.positions import ValuePath

_BOOLEANS = (
    *(("networks", key) for key in ("external", "internal", "attachable", "enable_ipv4", "enable_ipv6")),
    *((kind, "external") for kind in ("volumes", "secrets", "configs")),
)
_FILES = {"configs": ("file", "environment", "content"), "secrets": ("file", "environment")}


def check_resources(ground: Ground) -> None:
    """What does not fit together beside the containers, and between them."""
    check_cycles(ground)
    check_container_names(ground)
    check_lost_mounts(ground)
    check_pairs(ground)
    _check_jobs(ground)
    _check_booleans(ground)
    for name, volume in ground.declared("volumes").items():
        _check_external_volume(ground, name, mapping(volume))
    for kind, sources in _FILES.items():
        for name, value in ground.declared(kind).items():
            _check_file(ground, (kind, name), mapping(value), sources)
    for name, network in ground.declared("networks").items():
        for index, pool in enumerate(listed(at(network, "ipam", "config"))):
            _check_pool(ground, ("networks", name, "ipam", "config", index), mapping(pool))


def _check_jobs(ground: Ground) -> None:
    for name in ground.jobs:
        if name in ground.services:
            ground.fault(("jobs", name), f"{name} is a service and a job; names must be unique", key=True)


def _check_booleans(ground: Ground) -> None:
    for kind, key in _BOOLEANS:
        for name, value in ground.declared(kind).items():
            said = at(value, key)
            if isinstance(said, dict) and "name" in said:
                what = f"{kind}.{name} has a name beside another one in external"
                ground.fault((kind, name, key), what, "write external: true, and the name beside it")
            elif isinstance(said, str):
                what = f"{kind}.{name}.{key} must be true or false, not {said}"
                ground.fault((kind, name, key), what)


def _check_external_volume(ground: Ground, name: str, volume: dict[str, Any]) -> None:
    if volume.get("external") is not True:
        return
    for key in volume:
        if key not in {"name", "external"} and not key.startswith("x-"):
            what = f"the volume {name} is external, so {key} says nothing"
            ground.fault(("volumes", name, key), what, "leave it out", key=True)


def _check_file(ground: Ground, path: ValuePath, value: dict[str, Any], sources: tuple[str, ...]) -> None:
    kind, name = path
    said = [source for source in sources if source in value]
    if len(said) > 1:
        what = f"the {str(kind)[:-1]} {name} has {' and '.join(said)}, which exclude each other"
        ground.fault((*path, said[1]), what, "leave one of them out", key=True)
    external = value.get("external") is True
    # An empty one counts for a config, but the model leaves it out.
    written = kind == "configs" and any(
        document.has((*path, source)) for document in ground.model.read for source in sources
    )
    if not said and not written and not external and not ("driver" in value and kind == "configs"):
        choices = f"{', '.join(sources[:-1])} or {sources[-1]}"
        ground.fault(path, f"the {str(kind)[:-1]} {name} has no content", f"add {choices}", key=True)
    elif kind == "secrets" and said and not any(plain_text(value[source]) for source in said):
        ground.fault((*path, said[0]), f"the secret {name} has an empty {said[0]}")


def _check_pool(ground: Ground, path: ValuePath, pool: dict[str, Any]) -> None:
    for key in ("subnet", "ip_range"):
        text = plain_text(pool.get(key))
        if text and not is_subnet(text):
            ground.fault((*path, key), f"{text} is no subnet", "write 10.0.0.0/24")
    addresses = {"gateway": pool.get("gateway")}
    for key, address in addresses.items():
        text = plain_text(address)
        if text and not is_address(text):
            ground.fault((*path, key), f"{text} is no IP address")
    for host, address in mapping(pool.get("aux_addresses")).items():
        text = plain_text(address)
        if text and not is_address(text):
            ground.fault((*path, "aux_addresses", host), f"{text} is no IP address")
