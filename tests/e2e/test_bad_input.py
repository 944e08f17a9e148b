"""Everything a user can get wrong, and everything that can be broken: one clear error, and nothing changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.workbench import Workbench, containers, on_server, visit
from tests.ports import free_port

Break = Callable[[Workbench], None]


def _remove(path: str) -> Break:
    return lambda bench: (bench.root / path).unlink()


def _edit(path: str, old: str, new: str) -> Break:
    return lambda bench: bench.edit(path, old, new)


def _no_git(bench: Workbench) -> None:
    (bench.root / ".git").rename(bench.root.parent / "elsewhere.git")


def _unborn(bench: Workbench) -> None:
    _no_git(bench)
    bench.git("init", "--quiet")


@pytest.mark.parametrize(
    ("break_it", "verb", "code", "says"),
    [
        pytest.param(_remove("fairlead.yaml"), "build", 2, "fairlead.yaml", id="no fairlead.yaml"),
        pytest.param(_no_git, "build", 2, "not in a git repository", id="not a git repository"),
        pytest.param(_unborn, "build", 2, "no commit", id="unborn branch"),
        pytest.param(_edit("fairlead.yaml", "  web: {", "  Web: {"), "build", 2, "lower", id="upper-case image name"),
        pytest.param(_remove("Dockerfile"), "build", 11, "the Dockerfile Dockerfile is not there", id="Dockerfile missing"),
        pytest.param(_edit("compose.yaml", "    volumes: [\"data:/data\"]", "    volums: [\"data:/data\"]"), "validate", 11, "volums", id="compose file invalid"),
        pytest.param(_edit("compose.yaml", "image: redis:8-trixie", "image: \"redis:8-trixie"), "validate", 11, "compose.yaml", id="compose file is not YAML"),
        pytest.param(_edit("fairlead.yaml", "app: tiny", "ap: tiny"), "validate", 2, "did you mean", id="unknown key"),
    ],
)  # fmt: skip
def test_a_fault_of_the_repository_is_named(
    bench: Workbench, break_it: Break, verb: str, code: int, says: str
) -> None:
    """One error, the exit code of the table, the words that lead to the fault."""
    break_it(bench)
    assert says.lower() in json.dumps(bench.refused(code, verb)).lower()


def test_the_engine_is_down(bench: Workbench, tmp_path: Path) -> None:
    """Building without an engine says so, and how to start one."""
    bench.commit("not published yet")
    error = bench.refused(4, "build", env={"DOCKER_HOST": f"unix://{tmp_path}/nobody.sock"})
    assert "engine" in json.dumps(error).lower()


def test_the_registry_refuses_the_login(bench: Workbench) -> None:
    """A wrong password is told as such, with the variables that carry it."""
    bench.commit("second")
    bench.ok("build")
    bench.ok("scan")
    error = bench.refused(4, "publish", env={"FAIRLEAD_REGISTRY_PASSWORD": "wrong"})
    assert "FAIRLEAD_REGISTRY_PASSWORD" in json.dumps(error)


def test_nothing_was_published(tiny: Workbench) -> None:
    """Deploying what is not in the registry names the image; the server is not touched."""
    document = tiny.root / ".fairlead" / "publish.json"
    published = json.loads(document.read_text())
    image = published["images"]["web"]
    image["digest"] = "sha256:" + "ab" * 32
    image["platforms"] = dict.fromkeys(image["platforms"], "sha256:" + "ab" * 32)
    document.write_text(json.dumps(published))
    error = tiny.fairlead("--json", "deploy")
    assert error.code in (4, 6), error
    assert "ab" * 32 in error.stdout
    assert containers(tiny.server) == []


def _point_at(bench: Workbench, host: str) -> None:
    bench.edit("fairlead.yaml", f"hosts: [deploy@{bench.server.address}]", f"hosts: [{host}]")


def test_the_host_is_unreachable(bench: Workbench) -> None:
    """A host that does not answer is named, with its port."""
    port = free_port()
    _point_at(bench, f"deploy@127.0.0.1:{port}")
    assert str(port) in json.dumps(bench.refused(4, "deploy"))


def test_the_client_key_is_wrong(bench: Workbench, tmp_path: Path) -> None:
    """A key that the server does not know is refused as a key, not as a network fault."""
    key = tmp_path / "key"
    import subprocess

    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    error = bench.refused(4, "deploy", env={"FAIRLEAD_SSH_IDENTITY": str(key)})
    assert "key" in json.dumps(error).lower()


@pytest.mark.parametrize(
    "known",
    ["", "{} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3Yb8gGOJ1J8b6PZ4T0xDLmbm5y9bXW1m8sYk3tYk9f\n"],
)
def test_the_host_key_is_not_the_known_one(bench: Workbench, tmp_path: Path, known: str) -> None:
    """An unknown and a changed host key are both refused, with the line to add."""
    file = tmp_path / "known_hosts"
    known = known.format(bench.server.address)
    file.write_text(known)
    error = bench.refused(4, "deploy", env={"FAIRLEAD_KNOWN_HOSTS": str(file)})
    text = json.dumps(error)
    assert f"{bench.server.address} ssh-ed25519 AAAA" in text
    assert file.read_text() == known


@pytest.mark.parametrize("size", ["64k", "4m"], ids=["no room for the agent", "no room for the release"])
def test_the_disk_of_the_server_is_full(tiny: Workbench, size: str) -> None:
    """A full disk is one clear error, and nothing is started."""
    mount = f"import ctypes; assert not ctypes.CDLL(None).mount(b'tmpfs', b'/srv/fairlead', b'tmpfs', 0, b'size={size}')"
    on_server(tiny.server, "python3", "-c", mount)
    try:
        on_server(tiny.server, "chown", "deploy:deploy", "/srv/fairlead")
        ended = tiny.fairlead("--json", "deploy")
        assert ended.code in (4, 6), ended
        assert "disk" in ended.stdout.lower() or "space" in ended.stdout.lower(), ended
        assert "Traceback" not in ended.stderr
    finally:
        unmount = "import ctypes; assert not ctypes.CDLL(None).umount(b'/srv/fairlead')"
        on_server(tiny.server, "python3", "-c", unmount)
    assert containers(tiny.server) == []


def test_the_image_is_not_for_this_architecture(tiny: Workbench) -> None:
    """An arm64-only image is refused by an amd64 server, which is asked before it is built."""
    tiny.edit("fairlead.yaml", "platforms: [linux/amd64]", "platforms: [linux/arm64]")
    tiny.commit("arm only")
    built = tiny.root / ".fairlead" / "build.json"
    before = built.stat().st_mtime_ns if built.exists() else None
    error = tiny.refused(4, "ship")
    assert "arm64" in json.dumps(error)
    assert (built.stat().st_mtime_ns if built.exists() else None) == before
    assert containers(tiny.server) == []


def test_no_health_evidence(bench: Workbench) -> None:
    """A worker without any health check is refused before anything is built."""
    bench.edit(
        "compose.yaml",
        "  store:\n",
        "  idle:\n    image: ${FAIRLEAD_REGISTRY:?}/web:${FAIRLEAD_TAG:?}\n  store:\n",
    )
    bench.edit("fairlead.yaml", "services: [web, migrate]", "services: [web, migrate, idle]")
    bench.commit("a worker")
    error = bench.refused(11, "build")
    assert "health" in json.dumps(error)
    assert "idle" in json.dumps(error)


def test_what_serves_alone_can_neither_be_left_nor_taken_over(tiny: Workbench) -> None:
    """There is nothing to go back to, and an app of the same name from another repository does not take its place."""
    tiny.refused(2, "rollback")
    tiny.ok("deploy")
    before = visit(tiny.server)
    tiny.refused(2, "rollback")
    tiny.refused(2, "rollback", "--to", "000099")
    assert visit(tiny.server) == before
    tiny.environ["FAIRLEAD_REGISTRY"] = tiny.lab.environ["FAIRLEAD_REGISTRY"] + "-other"
    tiny.git("remote", "add", "origin", "https://example.com/other/tiny.git")
    tiny.commit("another app")
    error = tiny.fairlead("--json", "ship")
    assert error.code == 2, error
    assert visit(tiny.server) == before
