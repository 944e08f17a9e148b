"""Compose files that reach for the host: each key of the vendored schema, each way to write a thing."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fairlead.schemas.compose_spec import load_compose_schema

SCHEMA = load_compose_schema()
DEFS: Mapping[str, Any] = SCHEMA.get("$defs") or SCHEMA["definitions"]
PATHS = (
    *(
        "/srv/fairlead",
        "/srv/fairlead/",
        "/srv//fairlead/shop/secrets",
        "/srv",
        "/srv/.",
        "/",
        "/..",
        "//",
        "/tmp/../srv",
    ),
    *(
        "/tmp/../run",
        "/run/docker.sock",
        "/var/run",
        "/var/run/../../srv/fairlead",
        "/opt/sock",
        "/opt/sock/docker.sock",
    ),
    *(
        "/data",
        "/data/shop",
        "/data/../x",
        "/opt/jump",
        "/proc/1/root",
        "/proc/self/environ",
        "/proc",
        "/etc",
        "//etc/./",
    ),
    *(
        "/etc/localtime",
        "/dev/null",
        "/dev/sda",
        "/opt/x",
        "/opt/../srv/fairlead",
        "./conf",
        "../outside",
        "../../../run",
    ),
    *(
        "~",
        "~/x",
        "~/../srv/fairlead",
        ".",
        "conf",
        "C:\\x",
        "\\\\.\\pipe\\docker_engine",
        "a:/b",
        "leaves",
        "srv/fairlead",
    ),
)
NAMES = (
    *(
        "host",
        "bridge",
        "none",
        "default",
        "private",
        "own",
        "vol",
        "side",
        "board_own",
        "board_vol",
        "shop_data",
    ),
    *(
        "shop_default",
        "jewels",
        "fairlead-edge",
        "fairlead_data",
        "container:shop-db-1",
        "container:fairlead-edge-1",
    ),
    *("service:web", "service:side", "container:x", "shop-db-1:db", "shop-db-1", "fairlead-edge-1", "x"),
)
DRIVERS = (
    *(
        "host",
        "macvlan",
        "ipvlan",
        "bridge",
        "overlay",
        "none",
        "null",
        "local",
        "default",
        "vendor/x:1",
        "nfs",
    ),
    *(
        "tmpfs",
        "ext4",
        "cifs",
        "fluentd",
        "syslog",
        "json-file",
        "journald",
        "runc",
        "sysbox",
        "cdi",
        "nvidia",
    ),
)
OPTIONS = (
    *("bind", "rbind", "ro,rbind", "size=1m", "size=1m,bind", "addr=10.0.0.1,rw", "uid=1000"),
    *("lowerdir=/opt:/srv/fairlead,upperdir=/u,workdir=/w", "lowerdir=/data,upperdir=/u,workdir=/w"),
)
SECURITY = (
    *("no-new-privileges:true", "no-new-privileges=false", "no-new-privileges", "no-new-privileges:false"),
    *(
        "label:type:spc_t",
        "label=disable",
        "label:disable",
        "label=level:s0:c1",
        "label:type:container_t",
        "label:user:x",
    ),
    *(
        "seccomp:unconfined",
        "seccomp=unconfined",
        "seccomp=/tmp/x.json",
        "seccomp:builtin",
        "apparmor=unconfined",
    ),
    *(
        "apparmor:docker-default",
        "apparmor:own",
        "systempaths=unconfined",
        "writable-cgroups=true",
        "credentialspec=x",
    ),
)
LABELS = (
    "dev.fairlead.app=shop",
    "com.docker.compose.project=shop",
    "DEV.fairlead.role=edge",
    "com.example.x=y",
)
CAPABILITIES = (
    "SYS_ADMIN",
    "CAP_SYS_ADMIN",
    "sys_ptrace",
    "ALL",
    "cap_all",
    "CHOWN",
    "NET_BIND_SERVICE",
    "PERFMON",
)
KEYS = (
    *(
        "type",
        "device",
        "o",
        "parent",
        "com.docker.network.bridge.name",
        "com.docker.network.driver.mtu",
        "mtu",
    ),
    *(
        "dev.fairlead.app",
        "com.docker.compose.project",
        "com.example.x",
        "cdi.k8s.io/x",
        "own",
        "default",
        "x-y",
    ),
    *("net.core.somaxconn", "kernel.panic", "kernel/panic", "fs.mqueue.x", "syslog-address"),
)
WORDS = (
    "host",
    "8.8.8.0/24",
    "172.28.0.0/24",
    "0.0.0.0/1",
    "10.0.0.0/8",
    "all",
    "true",
    "1",
    "c 1:3 rwm",
    "x",
)
HINTS: Mapping[str, tuple[Any, ...]] = {
    "security_opt": SECURITY,
    "cap_add": CAPABILITIES,
    "labels": LABELS,
    "driver": DRIVERS,
    "runtime": DRIVERS,
    "o": OPTIONS,
    "device": PATHS,
    "source": (*PATHS, *NAMES),
    "file": PATHS,
    "type": (
        "bind",
        "volume",
        "tmpfs",
        "npipe",
        "cluster",
        "image",
        "none",
        "overlay",
        "ext4",
        "nfs",
        "tmpfs",
    ),
    "network_mode": NAMES,
    "pid": NAMES,
    "ipc": NAMES,
    "name": NAMES,
    "container_name": NAMES,
    "propagation": ("shared", "rshared", "rslave", "private"),
    "target": ("/x", "/etc/localtime", "/data"),
    "volumes_from": NAMES,
    "external_links": NAMES,
    "subnet": WORDS,
    "environment": ("FAIRLEAD_SSH_KEY", "GITHUB_TOKEN", "OWN=1", "A"),
}
ANY = (*PATHS, *NAMES, *DRIVERS, *OPTIONS, *LABELS, *WORDS)
HARD: dict[str, Any] = {
    "user": "10001:10001",
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "init": True,
    "logging": {"driver": "local"},
    "restart": "unless-stopped",
    "stop_grace_period": "10s",
    "deploy": {"resources": {"limits": {"cpus": "1.0", "memory": "128M", "pids": 64}}},
    "healthcheck": {
        "test": ["CMD", "/ask"],
        "interval": "30s",
        "timeout": "4s",
        "retries": 2,
        "start_period": "9s",
    }
    | {"start_interval": "500ms"},
}
SIDE = {
    **HARD,
    "image": "docker.io/acme/side:1.0@sha256:" + "a" * 64,
    "networks": ["own"],
    "volumes": ["vol:/v"],
    "x-fairlead": {"role": "ops"},
}
SETTINGS = """\
app: board
registry: ghcr.io/acme/board
images: {web: {dockerfile: Dockerfile}}
compose: [%s]
validate: {compose: "5.7"}
environments: {production: {hosts: [deploy@app.example.com], url: "https://board.example.com"}}
"""
OFTEN = (
    *("volumes",) * 10,
    *("security_opt", "network_mode", "devices", "cap_add", "labels", "deploy", "volumes_from", "privileged")
    * 3,
    *("networks", "logging", "external_links", "gpus", "pre_start", "post_start", "container_name", "build"),
)
"""Keys that are tried more often than once in a round."""
SERVICE_KEYS = sorted(
    {key for part in ("container_spec", "workload_spec", "service") for key in DEFS[part]["properties"]}
    - {"image", "command", "healthcheck", "depends_on", "profiles", "user", "platform"}
)


def grow(form: Any, dice: random.Random, key: str = "", depth: int = 0) -> Any:  # noqa: PLR0911 - a case each
    """A value that the schema takes for this key, of what reaches for something."""
    if not isinstance(form, Mapping):
        return dice.choice(ANY)
    if "$ref" in form:
        return grow(DEFS[form["$ref"].rpartition("/")[2]], dice, key, depth)
    for choice in ("oneOf", "anyOf"):
        if choice in form:
            return grow(dice.choice(form[choice]), dice, key, depth)
    if "enum" in form:
        return dice.choice(form["enum"])
    kinds = form.get("type", "object" if "properties" in form or "patternProperties" in form else "string")
    kind = dice.choice(kinds) if isinstance(kinds, list) else kinds
    if kind == "object":
        return _mapping(form, dice, key, depth)
    if kind == "array":
        return [grow(form.get("items", {}), dice, key, depth + 1) for _ in range(dice.choice((1, 1, 2)))]
    plain = {"boolean": dice.random() < 0.8, "null": None, "integer": 1, "number": 1}
    if kind in plain:
        return plain[kind]
    if "boolean" in kinds and dice.random() < 0.5:
        return dice.choice(("true", "yes", "on", "false"))
    return _text(dice, key)


def _text(dice: random.Random, key: str) -> str:
    if key in ("volumes", "devices") and dice.random() < 0.9:
        text = f"{dice.choice((*PATHS, 'vol', 'own'))}:{dice.choice(('/x', '/y'))}"
        return text + dice.choice(("", ":ro", ":rw", ":shared", ":rw,z"))
    if dice.random() < 0.75 and key in HINTS:
        return str(dice.choice(HINTS[key]))
    return str(dice.choice(ANY))


def _mapping(form: Mapping[str, Any], dice: random.Random, key: str, depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    known: Mapping[str, Any] = form.get("properties", {})
    wanted = set(form.get("required", ()))
    for name in dice.sample(sorted(known), min(len(known), dice.choice((1, 2, 3)))) if known else ():
        wanted.add(name)
    for name in sorted(wanted):
        made[name] = grow(known.get(name, {}), dice, name, depth + 1)
    patterns = [part for pattern, part in form.get("patternProperties", {}).items() if pattern != "^x-"]
    if patterns and depth < 6:
        for _ in range(dice.choice((1, 2, 3))):
            name = dice.choice(KEYS)
            value = grow(patterns[0], dice, name if name in HINTS else key, depth + 1)
            made[name] = value
    return made


def attack(dice: random.Random) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Where to reach from (``services.side``, ``networks.own`` …), and with what."""
    place = dice.choices(("side", "network", "volume", "secret", "config"), (60, 14, 16, 5, 5))[0]
    if place == "side":
        made = {}
        for key in dice.sample((*SERVICE_KEYS, *OFTEN), dice.choice((1, 1, 1, 2))):
            form = next(
                DEFS[part]["properties"][key]
                for part in ("container_spec", "workload_spec", "service")
                if key in DEFS[part]["properties"]
            )
            made[key] = grow(form, dice, key)
        return ("services", "side"), made
    kind = {"network": "networks", "volume": "volumes", "secret": "secrets", "config": "configs"}[place]
    name = {"network": "own", "volume": "vol", "secret": "sec", "config": "conf"}[place]
    grown = _mapping(DEFS[place], dice, place, 0)
    return (kind, name), grown


def write_app(folder: Path, dice: random.Random) -> list[str]:
    """The files of an app that reaches for something, in a folder; the compose files in their order."""
    for file in folder.glob("*.y*ml"):
        file.unlink()
    (folder / ".env").unlink(missing_ok=True)
    (kind, name), fragment = attack(dice)
    app = _base(kind, name)
    part = json.loads(json.dumps(fragment))
    how = dice.choice(
        ("plain", "plain", "merge", "override", "extends", "base", "include", "variable", "dotenv")
    )
    names = ["compose.yaml"]
    if how == "variable":
        part = _with_variables(part, dice)
    elif how == "dotenv":
        part = _with_dotenv(part, folder)
    target = app[kind].setdefault(name, {})
    if how == "merge" and isinstance(target, dict):
        text = _text_of(app, {(kind, name): part})
    elif how == "override":
        (folder / "more.yaml").write_text(json.dumps({kind: {name: part}}))
        text, names = _text_of(app, {}), ["compose.yaml", "more.yaml"]
    elif how in ("extends", "base") and kind == "services":
        others = {"base": {**part, "image": SIDE["image"]}}
        if how == "base":
            (folder / "base.yaml").write_text(json.dumps({"services": others}))
            target["extends"] = {"file": "base.yaml", "service": "base"}
        else:
            app["services"].update(others)
            target["extends"] = "base"
        text = _text_of(app, {})
    elif how == "include" and kind != "services":
        app[kind].pop(name)
        (folder / "part.yaml").write_text(json.dumps({kind: {name: part}}))
        app["include"] = dice.choice((["part.yaml"], [{"path": "part.yaml", "project_directory": "."}]))
        text = _text_of(app, {})
    else:
        target.update(part)
        text = _text_of(app, {})
    (folder / "compose.yaml").write_text(text)
    (folder / "fairlead.yaml").write_text(SETTINGS % ", ".join(names))
    return names


def _base(kind: str, name: str) -> dict[str, Any]:
    side = json.loads(json.dumps(SIDE))
    if kind in ("secrets", "configs"):
        side[kind] = [name]
    web = {**HARD, "image": "${FAIRLEAD_REGISTRY:?}/web:${FAIRLEAD_TAG:?}", "networks": ["own"]}
    web |= {"x-fairlead": {"port": 8000, "health": {"path": "/health"}}}
    return {
        "name": "board",
        "services": {"web": json.loads(json.dumps(web)), "side": side},
        "networks": {"own": {}},
        "volumes": {"vol": {}},
        **({kind: {name: {}}} if kind in ("secrets", "configs") else {}),
    }


def _text_of(app: Mapping[str, Any], merged: Mapping[tuple[str, str], Any]) -> str:
    """The file: JSON in YAML, with what is merged in by an anchor."""
    lines = [
        f"x-part{number}: &part{number} {json.dumps(part)}" for number, part in enumerate(merged.values())
    ]
    places = list(merged)
    for section, value in app.items():
        if not isinstance(value, dict):
            lines.append(f"{section}: {json.dumps(value)}")
            continue
        lines.append(f"{section}:")
        for name, one in value.items():
            text = json.dumps(one)
            if (section, name) in merged:
                text = f"{{<<: *part{places.index((section, name))}{', ' if one else ''}{text[1:]}"
            lines.append(f"  {name}: {text}")
    return "\n".join(lines) + "\n"


def _with_variables(value: Any, dice: random.Random) -> Any:
    if isinstance(value, dict):
        return {key: _with_variables(one, dice) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_variables(one, dice) for one in value]
    if isinstance(value, str) and "}" not in value:
        half = len(value) // 2
        return dice.choice((f"${{UNSET:-{value}}}", f"{value[:half]}${{UNSET:-{value[half:]}}}", value))
    return value


def _with_dotenv(value: Any, folder: Path) -> Any:
    found: dict[str, str] = {}

    def told(one: Any) -> Any:
        if isinstance(one, dict):
            return {key: told(inner) for key, inner in one.items()}
        if isinstance(one, list):
            return [told(inner) for inner in one]
        if isinstance(one, str) and "'" not in one:
            found[f"V{len(found)}"] = one
            return f"${{V{len(found) - 1}:?}}"
        return one

    made = told(value)
    (folder / ".env").write_text("".join(f"{name}='{text}'\n" for name, text in found.items()))
    return made
