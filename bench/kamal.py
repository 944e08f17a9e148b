"""Kamal 2.12 with its own proxy, beside Fairlead: the same app, server and load, one after the other.

Kamal comes from Debian's packages into an image of its own, so that the machine stays as it is; its proxy is built
from its Go module at the version that Kamal asks for. Kamal deploys one service behind its proxy, so the app is
its web service alone, for both.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.by_hand import measure_compose
from bench.measure import Row
from bench.rounds import median, median_phase, plan_rounds, save
from bench.streams import PARTS, Ground, Outcome, Round, take_ground, timed, under_load
from fairlead.errors import ToolMissingError
from fairlead.passed import GO
from fairlead.process import Completed, run, which
from fairlead.tools.cache import cache_dir
from lab.archive import image_archive
from lab.engine import has_image, load_image, run_docker
from lab.preflight import check_engine
from lab.recipe import ImageConfig, Recipe
from lab.standin import Kitchen
from lab.wipe import wipe_server

_SUITE = "forky"
PROXY = "v0.9.2"
_MODULE = f"github.com/basecamp/kamal-proxy@{PROXY}"
_CONTAINER = "fairlead-bench-kamal"
_FIFTH = 0.2
_ROUNDS = 4
_RECIPE = Recipe(
    name="bench-kamal",
    tags=("2.12",),
    parent="debian",
    packages=("ruby-kamal", "git", "openssh-client", "docker-cli", "ca-certificates"),
    omit=("systemd", "systemd-sysv", "init", "debconf", "debconf-2.0", "cdebconf", "ucf"),
    config=ImageConfig(
        env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
        cmd=("sleep", "infinity"),
    ),
    internal=True,
)
_PARTS = tuple(part for part in PARTS if part.path != "/inner")


def measure() -> list[Row]:
    """Rows for lost requests, deploy, rollback and refusal, Kamal in the column of the peer."""
    ground = take_ground("kamal")
    _leave_web_alone(ground)
    ground.fairlead("ship")
    ours = under_load(ground, plan_rounds(ground, _ROUNDS), _PARTS)
    save("fairlead-web", ours)
    floor = measure_compose(ground, _PARTS)
    images = _publish_images(ground)
    with _kamal(ground, images) as kamal:
        _deploy(kamal, "v0")
        theirs = under_load(ground, _plan_kamal(kamal), _PARTS)
    save("kamal", theirs)
    _forget(ground)
    return _rows(ours, theirs, floor)


Kamal = Callable[..., Completed]


def _leave_web_alone(ground: Ground) -> None:
    """Take the second service out of the app."""
    file = ground.root / "compose.yaml"
    text = file.read_text()
    kept = re.sub(r"\n  api:\n.*", "\n", text, flags=re.DOTALL)
    file.write_text(kept.replace("  web:\n    <<: *app\n", "  web:\n    <<: *app\n    build: .\n"))
    fairlead = ground.root / "fairlead.yaml"
    fairlead.write_text(fairlead.read_text().replace("services: [web, api]", "services: [web]"))
    ground.git("commit", "--all", "--quiet", "--message", "web alone")


def _publish_images(ground: Ground) -> str:
    """The image that Fairlead has published, once for each release that Kamal deploys; its repository."""
    published = json.loads((ground.root / ".fairlead" / "publish.json").read_text())["images"]["streams"]
    base = f"{published['repository']}@{published['digest']}"
    repository = f"{published['repository']}-kamal"
    folder = ground.root / ".fairlead" / "kamal-images"
    folder.mkdir(exist_ok=True)
    login: list[str | Path] = ["--config", folder / "login"]
    secret = ground.lab.password.encode()
    run_docker(
        *login,
        "login",
        "--username",
        ground.lab.username,
        "--password-stdin",
        ground.lab.registry,
        stdin=secret,
    )
    for tag in ("v0", "v1", "v2", "bad"):
        lines = [f"FROM {base}", 'LABEL service="streams"', f"ENV RELEASE={tag}"]
        lines += ["ENV FAULT=crash"] if tag == "bad" else []
        build_image(folder, login, "\n".join(lines), f"{repository}:{tag}")
    build_proxy(folder, login, ground.lab.registry)
    return repository


def build_image(folder: Path, login: list[str | Path], dockerfile: str, reference: str) -> None:
    (folder / "Dockerfile").write_text(dockerfile + "\n")
    words: list[str | Path] = [
        "build",
        "--provenance=false",
        "--quiet",
        "--file",
        folder / "Dockerfile",
        "--tag",
        reference,
        folder,
    ]
    run_docker(*login, *words)
    run_docker(*login, "push", "--quiet", reference)


def build_proxy(folder: Path, login: list[str | Path], registry: str) -> None:
    """Kamal's proxy as its own Dockerfile makes it, on the lab's Debian."""
    (folder / "kamal-proxy").write_bytes(fetch_proxy().read_bytes())
    lines = (
        f"FROM {registry}/library/debian:trixie-slim",
        "COPY --chmod=755 kamal-proxy /usr/local/bin/",
        "RUN useradd --create-home kamal-proxy",
        "RUN install -d -o kamal-proxy -g kamal-proxy /home/kamal-proxy/.config/kamal-proxy",
        "USER kamal-proxy:kamal-proxy",
        'CMD ["kamal-proxy", "run"]',
    )
    build_image(folder, login, "\n".join(lines), f"{registry}/lab/kamal-proxy:{PROXY}")


def fetch_proxy() -> Path:
    """The program, built once from its Go module.

    Raises:
        ToolMissingError: there is no Go to build it with.
    """
    program = cache_dir() / "bench" / f"kamal-proxy-{PROXY}"
    if program.exists():
        return program
    if which("go") is None:
        raise ToolMissingError(
            "the benchmark beside Kamal builds its proxy with Go", fix="install Go 1.25 or newer"
        )
    program.parent.mkdir(parents=True, exist_ok=True)
    # Of its own module: `go install` asks for the list of its versions as well, which not every mirror has.
    found = run(["go", "mod", "download", "-json", _MODULE], also=GO)
    environ = {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false -trimpath"}
    built = program.with_suffix(".new")
    words: list[str | Path] = ["go", "build", "-o", built, "./cmd/kamal-proxy"]
    run(words, cwd=Path(json.loads(found.stdout)["Dir"]), env=environ, also=GO)
    return built.rename(program)


@contextmanager
def _kamal(ground: Ground, repository: str) -> Iterator[Kamal]:
    """Kamal in a container, with its configuration for the app and a key for the server."""
    folder = ground.root / ".fairlead" / "kamal"
    (folder / "config").mkdir(parents=True)
    (folder / ".kamal").mkdir()
    (folder / "config" / "deploy.yml").write_text(_render_configuration(ground, repository))
    # A rollback of Kamal's wants to know the commit, though it is told which version to go back to.
    for words in (("init",), ("commit", "--allow-empty", "--message", "first")):
        ground.git("-C", str(folder), *words, "--quiet")
    (folder / ".kamal" / "secrets").write_text("KAMAL_REGISTRY_PASSWORD=$KAMAL_REGISTRY_PASSWORD\n")
    run_docker("rm", "--force", _CONTAINER, check=False)
    run_docker(
        "run", "--detach", "--init", "--name", _CONTAINER, "--network", "host", "--workdir", "/app",
        "--volume", f"{folder}:/app", "--volume", f"{ground.lab.identity}:/root/key:ro",
        "--volume", f"{ground.lab.known_hosts}:/root/.ssh/known_hosts:ro", "--env", "KAMAL_REGISTRY_PASSWORD",
        kamal_image(),
    )  # fmt: skip

    def kamal(*words: str, check: bool = True) -> Completed:
        secret = f"KAMAL_REGISTRY_PASSWORD={ground.lab.password}"
        return run_docker("exec", "--env", secret, _CONTAINER, "kamal", *words, check=check)

    try:
        kamal("registry", "login", "--skip-local")
        yield kamal
    finally:
        run_docker("rm", "--force", _CONTAINER, check=False)


def _render_configuration(ground: Ground, repository: str) -> str:
    """Kamal's deploy.yml, with its defaults but for what the lab and a fair comparison need."""
    return json.dumps(
        {
            "service": "streams",
            "image": repository.removeprefix(f"{ground.lab.registry}/"),
            "servers": {"web": {"hosts": [ground.server.address]}},
            "registry": {
                "server": ground.lab.registry,
                "username": ground.lab.username,
                "password": ["KAMAL_REGISTRY_PASSWORD"],
            },
            "builder": {"arch": "amd64"},
            "ssh": {"user": ground.server.user, "keys": ["/root/key"], "keys_only": True},
            # The drain is as long as Fairlead's in this app's fairlead.yaml.
            "drain_timeout": 5,
            "proxy": {
                "app_port": 8000,
                "healthcheck": {"path": "/health", "interval": 1},
                # An app with streams and slow transfers says so: the default holds bodies back until they are whole.
                "buffering": {"requests": False, "responses": False},
                "run": {"registry": ground.lab.registry, "repository": "lab/kamal-proxy", "version": PROXY},
            },
        },
        indent=2,
    )


def kamal_image() -> str:
    """Kamal's image in the engine, made from Debian's packages the first time."""
    reference = f"fairlead.lab/{_RECIPE.name}:{_RECIPE.tags[0]}"
    if not has_image(reference):
        kitchen = Kitchen(cache_dir() / "bases" / _SUITE, check_engine(), _SUITE)
        (made,) = kitchen.make((_RECIPE,), lambda _: None)
        with image_archive(kitchen.pantry.blobs, made.digest, reference) as archive:
            load_image(archive)
    return reference


def _deploy(kamal: Kamal, version: str, *, check: bool = True) -> Completed:
    return kamal("deploy", "--skip-push", "--version", version, check=check)


def _plan_kamal(kamal: Kamal) -> list[Callable[[], Round]]:
    """The same rounds as ours: two deploys, a rollback, a release that crashes."""
    return [
        lambda: _good(timed("deploy", lambda: _deploy(kamal, "v1", check=False))),
        lambda: _good(timed("deploy", lambda: _deploy(kamal, "v2", check=False))),
        lambda: _good(timed("rollback", lambda: kamal("rollback", "v1", check=False))),
        lambda: timed("bad", lambda: _deploy(kamal, "bad", check=False)),
    ]


def _good(one: Round) -> Round:
    if one.code != 0:
        raise RuntimeError(f"Kamal's {one.kind} ended with {one.code}")
    return one


def _forget(ground: Ground) -> None:
    wipe_server(ground.server)
    ground.on_server("rm", "-rf", "/home/deploy/.kamal", "/home/deploy/.docker")


def _rows(ours: Outcome, theirs: Outcome, floor: Outcome) -> list[Row]:
    rows = [
        Row(
            f"lost under load, {ours.tally().requests} requests (web alone)",
            str(ours.lost),
            f"{theirs.lost} of {theirs.tally().requests} (Kamal 2.12)",
            "-",
            "0",
            ours.lost == 0,
        ),
        _overhead_row(ours, theirs, floor),
    ]
    goals = {"deploy": "deploy under load", "rollback": "warm rollback", "bad": "a bad release is refused in"}
    for kind, what in goals.items():
        goal = _FIFTH if kind == "bad" else 1.0
        rows.append(_compare(what, median(ours, kind), median(theirs, kind), goal))
    return [dataclasses.replace(row, what=f"beside Kamal: {row.what}") for row in rows]


def _overhead_row(ours: Outcome, theirs: Outcome, floor: Outcome) -> Row:
    """What a deploy takes longer than Compose alone; our watch apart, for which Kamal has nothing."""
    least = median(floor, "compose")
    watch = median_phase(ours, "deploy", "watch")
    mine = max(0.0, median(ours, "deploy") - watch - least)
    what = f"deploy over docker compose up --wait ({least:.1f} s), without the watch of {watch:.1f} s"
    return _compare(what, mine, median(theirs, "deploy") - least, _FIFTH)


def _compare(what: str, mine: float, other: float, goal: float) -> Row:
    ratio = mine / other if other > 0 else float("inf")
    return Row(
        what, f"{mine:.1f} s", f"{other:.1f} s (Kamal 2.12)", f"{ratio:.2f}x", f"<= {goal:g}x", ratio <= goal
    )
