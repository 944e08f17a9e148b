"""A pull request that means harm to what main builds later."""

from __future__ import annotations

import json
from pathlib import Path

from tests.adversary.author.conftest import Job
from tests.adversary.registry.hand import Hand
from tests.integration.image.workshop import SMALL, Workshop


def test_a_pull_request_feeds_no_cache_that_main_reads(shop: Workshop, job: Job, tmp_path: Path) -> None:
    """Opens a pull request whose build, and whose fairlead.yaml, would write into the cache that main reads.

    Holds: only builds of the default branch write that cache; a pull request, a fork, a branch, a tag, a laptop and a job
    that checks out something else write none.
    """
    hand = Hand(shop.lab, f"{shop.repository}/api")
    assert shop.remote("api", "buildcache") == ""
    asks = f"build: {{cache: ['type=registry,ref={hand.repository}:buildcache', registry, local]}}\n"
    shop.settings(asks, of=SMALL)
    shop.write("source/app.txt", "planted\n")
    head = shop.commit("a pull request")
    cache = {"FAIRLEAD_CACHE": str(tmp_path / "cache")}
    for event in (
        job.pull_request(head),
        job.pull_request(head, fork=True),
        job.push("refs/heads/feature", head),
        job.push("refs/tags/v1", head),
        job.event("workflow_run", "refs/heads/main", head),
        job.push("refs/heads/main", "f" * 40),
        {},
    ):
        # The very definition that the builder would be given.
        assert [one for one in _written(shop, {**event, **cache}) if one.startswith("type=registry")] == []
    for event in (job.pull_request(head), {}):
        shop.ok("build", env={**event, **cache})
        assert shop.remote("api", "buildcache") == "", event
        assert not list(tmp_path.glob("cache/build/**/index.json")) or not event
    shop.settings("", of=SMALL)
    merged = shop.commit("what was merged")
    main = job.push("refs/heads/main", merged)
    (written,) = _written(shop, main)
    assert written.startswith(f"type=registry,ref={hand.repository}:buildcache")
    shop.ok("build", env=main)
    assert shop.remote("api", "buildcache") != ""


def _written(shop: Workshop, environ: dict[str, str]) -> list[str]:
    """The caches that a build would write."""
    (target,) = shop.ok("build", "--dry-run", env=environ)["target"].values()
    return list(target.get("cache-to", []))


def test_a_pull_request_takes_no_commits_name(shop: Workshop, job: Job) -> None:
    """Publishes what a pull request built, so that main, which is fast-forwarded to the same commit, finds it there.

    Holds: a pull request publishes as `pr-<number>-<commit>`; the commit's own tag, branches and versions are left to the
    builds of the repository's branches, which build it again.
    """
    head = shop.git("rev-parse", "HEAD")
    shop.git("tag", "v9.9.9")
    event = job.pull_request(head)
    shop.ok("build", env=event)
    shop.ok("scan", "--offline")
    document = shop.ok("publish", env=event)
    assert document["images"]["api"]["tags"] == [f"pr-12-{head}"]
    for tag in (f"sha-{head}", "main", "v9.9.9", "v9"):
        assert shop.remote("api", tag) == "", tag
    assert json.loads((shop.work / "publish.json").read_text()) == document
    assert shop.ok("publish")["images"]["api"]["tags"][0] == f"sha-{head}"


def test_a_build_secret_that_a_dockerfile_prints_is_in_no_log(shop: Workshop) -> None:
    """Writes a Dockerfile that prints the build secrets it is given, and reads the log of the build.

    Holds: their values are masked in `.fairlead/build.log` and in what the command prints.
    """
    secrets = "build: {secrets: {t: {env: BUILD_TOKEN}, f: {file: token.txt}}}\n"
    shop.settings(secrets, of=SMALL)
    shop.write("token.txt", "c4nary-of-a-file\n")
    mounts = "--mount=type=secret,id=t --mount=type=secret,id=f"
    shop.write(
        "Dockerfile.api", f"FROM debian:trixie-slim\nRUN {mounts} cat /run/secrets/t /run/secrets/f; false\n"
    )
    ended = shop.run("build", "--no-cache", env={"BUILD_TOKEN": "c4nary-of-a-variable"})
    log = (shop.work / "build.log").read_text()
    assert ended.code == 4, ended
    assert "***" in log
    assert "c4nary" not in log + ended.stdout + ended.stderr
