"""The reference app in the lab: building it, and deploying it, beside the same work done by hand.

The floor of a build is ``docker buildx bake`` of the same definition, with the usual archive (``type=oci,dest=x.tar``)
as its output and, in a row of its own, with the folder that ours has (``tar=false``). The floor of a deploy is the same work with
docker alone, on the same server, with images that differ in nothing but the source: ``docker pull``,
``docker compose run`` of the migration, ``up --wait``, and ``stop`` of as many containers as a release replaces.
The watch after the switch and the standby, which docker alone does not have, are off.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.measure import Row, seconds
from demo.repository import ENVIRONMENT, Repository
from demo.story import Stage, set_the_stage
from fairlead.passed import PYTHON
from fairlead.process import Completed, run

_BUILD_GOAL = 1.1
_DEPLOY_GOAL = 1.5
_ROUNDS = 3
_SOURCE = "app/__init__.py"
_BY_HAND = "/srv/fairlead/by-hand.json"


def measure() -> list[Row]:
    """Rows for the build, the deploy, the agent's upload and the connections."""
    stage = set_the_stage()
    watch_nothing(stage.repository)
    touch(stage.repository, "first")
    _fairlead(stage, "ship")
    return [*_build(stage), *_deploy(stage)]


def _build(stage: Stage) -> list[Row]:
    ours, archives, folders = [], [], []
    for turn in range(_ROUNDS + 1):
        touch(stage.repository, f"build {turn}")
        ours.append(seconds(lambda: _fairlead(stage, "build")))
        touch(stage.repository, f"bake to an archive {turn}")
        archives.append(seconds(partial(_bake, stage, _definition(stage, to_archive=True))))
        touch(stage.repository, f"bake to a folder {turn}")
        folders.append(seconds(partial(_bake, stage, _definition(stage))))
    what = "build, source-only change, 2 images x 2 platforms"
    ratio = statistics.median(our / floor for our, floor in zip(ours[1:], archives[1:], strict=True))
    to_folder = statistics.median(our / floor for our, floor in zip(ours[1:], folders[1:], strict=True))
    taken = f"{statistics.median(ours[1:]):.2f} s"
    archive, folder = (f"{statistics.median(floors[1:]):.2f} s" for floors in (archives, folders))
    return [
        Row(
            what,
            taken,
            f"{archive} (buildx bake to tar)",
            f"{ratio:.2f}x",
            f"<= {_BUILD_GOAL}x",
            ratio <= _BUILD_GOAL,
        ),
        Row(what, taken, f"{folder} (buildx bake, tar=false)", f"{to_folder:.2f}x", "-", held=True),
    ]


def _deploy(stage: Stage) -> list[Row]:
    ours, floors, uploads, connections = [], [], [], []
    release = _deployed(stage)["release"]
    for turn in range(_ROUNDS):
        _publish(stage, f"by hand {turn}")
        floors.append(_by_hand(stage, str(release)))
        _publish(stage, f"deploy {turn}")
        before = _connections(stage)
        ours.append(seconds(lambda: _fairlead(stage, "deploy", "--environment", ENVIRONMENT)))
        connections.append(_connections(stage) - before)
        uploads.append(int(_deployed(stage)["traffic"]["agent_bytes"]))
        release = _deployed(stage)["release"]
    overhead = statistics.median(our - floor for our, floor in zip(ours, floors, strict=True))
    return [
        Row(
            "deploy, new images",
            f"{statistics.median(ours):.2f} s",
            f"{statistics.median(floors):.2f} s (the same with docker alone)",
            f"+{overhead:.2f} s",
            f"<= +{_DEPLOY_GOAL} s",
            overhead <= _DEPLOY_GOAL,
        ),
        Row("agent upload when known", f"{max(uploads)} bytes", "-", "-", "0 bytes", max(uploads) == 0),
        Row("ssh connections of a deploy", str(max(connections)), "-", "-", "1", max(connections) == 1),
    ]


def _publish(stage: Stage, mark: str) -> None:
    touch(stage.repository, mark)
    for verb in ("build", "scan", "publish"):
        _fairlead(stage, verb)


def _deployed(stage: Stage) -> dict[str, Any]:
    document = json.loads((stage.repository.root / ".fairlead" / "deploy.json").read_text())
    assert isinstance(document, dict)
    return document


def watch_nothing(repository: Repository) -> None:
    """Docker alone stops what it replaces, and does not look at a release after it has switched: so do we, in this comparison."""
    file = repository.root / "fairlead.yaml"
    text = file.read_text()
    assert "\ndeploy:" not in text
    file.write_text(f"{text}deploy: {{standby: 0s, watch: {{window: 0s}}}}\n")


def touch(repository: Repository, mark: str) -> None:
    """A change of nothing but the source."""
    file = repository.root / _SOURCE
    file.write_text(file.read_text().split("# bench:")[0] + f"# bench: {mark}\n")
    repository.commit(mark)


def _fairlead(stage: Stage, *words: str) -> Completed:
    return run(
        [sys.executable, "-m", "fairlead", *words],
        cwd=stage.repository.root,
        env=dict(stage.environ),
        also=PYTHON,
    )


def _definition(stage: Stage, *, to_archive: bool = False) -> Path:
    printed = run(
        [sys.executable, "-m", "fairlead", "--json", "build", "--dry-run"],
        cwd=stage.repository.root,
        env=dict(stage.environ),
        also=PYTHON,
    )
    document = json.loads(printed.stdout)
    if to_archive:
        folder = stage.repository.root / ".fairlead"
        for name, target in document["target"].items():
            target["output"] = [f"type=oci,dest={folder}/bench-{name}.tar"]
    file = stage.repository.root / ".fairlead" / "bench-bake.json"
    file.write_text(json.dumps(document))
    return file


def _bake(stage: Stage, definition: Path) -> None:
    run(
        ["docker", "buildx", "bake", "--file", definition], cwd=stage.repository.root, env=dict(stage.environ)
    )


def _connections(stage: Stage) -> int:
    log = run(["docker", "logs", stage.lab.servers[1].name])
    return (log.stdout + log.stderr).count("Accepted publickey")


def _by_hand(stage: Stage, release: str) -> float:
    """Time pulling the published images and starting the release project with them by hand, on the server.

    The project is that of ``release``, with the images and names changed, so that it stands beside it.
    """
    published = json.loads((stage.repository.root / ".fairlead" / "publish.json").read_text())["images"]
    project = json.loads(_on_server(stage, ["cat", f"/srv/fairlead/board/releases/{release}/compose.json"]))
    project["name"] = "by-hand"
    for service in project["services"].values():
        repository = service["image"].partition("@")[0]
        service["image"] = f"{repository}@{_digest_of(published, repository)}"
    text = json.dumps(project).replace(f"-{release}", "-by-hand")
    images = sorted({str(service["image"]) for service in project["services"].values()})
    _log_in(stage)
    _on_server(stage, ["sh", "-c", f"cat > {_BY_HAND}"], text)
    compose = f"docker compose --file {_BY_HAND}"
    jobs = [name for name, service in project["services"].items() if service.get("profiles")]
    steps = [
        " & ".join(f"docker pull --quiet {image}" for image in images) + " & wait",
        *(f"{compose} run --rm {job.replace(release, 'by-hand')}" for job in jobs),
        f"{compose} up --detach --wait",
        f"{compose} stop",
    ]
    taken = seconds(lambda: _on_server(stage, ["sh", "-ec", "\n".join(steps)]))
    _on_server(stage, ["docker", "compose", "--file", _BY_HAND, "down"])
    return taken


def _digest_of(published: Mapping[str, Mapping[str, Any]], repository: str) -> str:
    return next(str(image["digest"]) for image in published.values() if image["repository"] == repository)


def _log_in(stage: Stage) -> None:
    words = ["docker", "login", "--username", stage.lab.username, "--password-stdin", stage.lab.registry]
    _on_server(stage, words, stage.lab.password)


def _on_server(stage: Stage, argv: Sequence[str], stdin: str = "") -> str:
    server = stage.lab.servers[1].name
    return run(["docker", "exec", "--interactive", server, *argv], stdin=stdin.encode()).stdout
