"""What a laptop has and no commit, and what git keeps, goes into no image."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fairlead.errors import InputError
from fairlead.image.build.builder import load_sources
from fairlead.image.build.staging import plan_staging
from fairlead.image.build.withheld import Named, find_withheld, named_files, tell_withheld
from fairlead.settings.images import BuildSecret, ImageSettings
from fairlead.settings.values import Environment, Settings
from tests.unit.image.builders import settings

COMPOSE = """
services:
  web: {build: ., env_file: [{path: config/web.vars, required: false}, "${ELSEWHERE}/x"]}
  db: {image: postgres, env_file: config/db.vars}
  cache: {image: redis, env_file: [config/told.vars]}
secrets:
  key: {file: ./keys/api}
"""
TRACKED = (
    ".env.example",
    "web/.env.test",
    "config/told.vars",
    "known_hosts",
    "values/README",
    "compose.yaml",
)
HIDDEN = (
    *(".env", ".env.production", "web/.env", "web/.env.local", "an odd [one]/.env"),
    *("config/web.vars", "config/db.vars", "keys/api", "values/token", "npm token"),
)


@pytest.fixture
def laptop(tmp_path: Path) -> Path:
    """A clone with files that are in no commit."""
    home = tmp_path / "clone"
    for name in (*TRACKED, *HIDDEN, "main.py"):
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(COMPOSE if name == "compose.yaml" else "x\n")
    (home / ".gitignore").write_text(".env\nkeys\n")
    for words in (("init", "--quiet"), ("add", "--force", *TRACKED)):
        subprocess.run(["git", *words], cwd=home, check=True)
    return home


def given(home: Path, dockerfile: str = "FROM scratch\nCOPY . .\n", **image: object) -> Settings:
    (home / "Dockerfile").write_text(dockerfile)
    images = {"web": ImageSettings(name="web", dockerfile=home / "Dockerfile", context=home, **image)}  # type: ignore[arg-type]
    images["web"] = ImageSettings(
        **{**vars(images["web"]), "secrets": (BuildSecret(name="npm", file=home / "npm token"),)}
    )
    environments = {"production": Environment(name="production", hosts=(), known_hosts=home / "known_hosts")}
    return settings(root=home, images=images, compose=(home / "compose.yaml",), environments=environments)


def environ(home: Path) -> dict[str, str]:
    return {"FAIRLEAD_SECRETS_DIR": str(home / "values")}


def test_files_with_secrets_that_no_commit_has_are_kept_out(laptop: Path) -> None:
    source = load_sources(given(laptop), environ(laptop))["web"]
    assert source.withheld is not None
    assert set(source.withheld.there) == {*HIDDEN, ".git", "known_hosts"}
    assert tell_withheld([source.withheld]).startswith(
        "kept out of the images: .env, .env.production, .git, "
    )


@pytest.mark.parametrize("ignore", ["", "!.env\n!.git", "*.pyc\n"])
def test_the_lines_come_after_those_of_the_user(laptop: Path, ignore: str) -> None:
    (laptop / ".dockerignore").write_text(ignore)
    source = load_sources(given(laptop), environ(laptop))["web"]
    staging = plan_staging(source, laptop / ".fairlead")
    assert staging is not None
    lines = staging.ignore.splitlines()
    own = ignore.splitlines()
    assert lines[: len(own)] == own
    assert lines[len(own)] == "**/.git"
    assert {"/.env", "/config/web.vars", "/an?odd??one?/.env", "/npm?token", "/values/token"} <= set(lines)
    assert not {"/.env.example", "/web/.env.test", "/config/told.vars", "/values", "/main.py"} & set(lines)
    assert lines[-1] == ".fairlead"


def test_a_checkout_in_ci_is_built_by_the_same_definition(laptop: Path) -> None:
    """Only the lines for what is not there are missing."""
    on_laptop = plan_staging(load_sources(given(laptop), {})["web"], laptop.parent / "work")
    for name in HIDDEN:
        if name != "npm token":
            (laptop / name).unlink()
    in_ci = plan_staging(load_sources(given(laptop), {})["web"], laptop.parent / "work")
    assert on_laptop is not None
    assert in_ci is not None
    assert in_ci.dockerfile == on_laptop.dockerfile
    assert in_ci.ignore == "**/.git\n/known_hosts\n/npm?token\n"


@pytest.mark.parametrize(
    ("line", "taken"),
    [
        ("COPY .env ./", ".env"),
        ("COPY --chown=1:1 main.py web/.env /app/", "web/.env"),
        ('ADD ["./web/../.env.production", "/app/"]', ".env.production"),
        ("COPY .git/HEAD /", ".git/HEAD"),
        ("RUN --mount=type=bind,source=.git,target=/git true", ".git"),
        ("COPY keys/api /", "keys/api"),
        ("COPY known_hosts /root/.ssh/", "known_hosts"),
        ("COPY nowhere/.env /", "nowhere/.env"),
    ],
)
def test_who_takes_one_by_name_is_told(laptop: Path, line: str, taken: str) -> None:
    """Also where it is not there, as in CI."""
    with pytest.raises(InputError, match=rf"Dockerfile:2: [A-Z]+ takes {taken}, which is kept out of images"):
        load_sources(given(laptop, f"FROM scratch\n{line}\n"), {})


@pytest.mark.parametrize(
    "line",
    [
        "COPY .env.example web/.env.test config/told.vars /",
        "COPY --from=base .env /",
        "COPY main.py .env",
        "COPY config /config",
        "RUN --mount=type=secret,id=npm,target=.env --mount=type=bind,from=base,source=.git true",
        "COPY . .",
        "FROM scratch\nCOPY main.py /",
    ],
)
def test_what_is_no_secret_or_from_elsewhere_is_taken(laptop: Path, line: str) -> None:
    load_sources(given(laptop, f"FROM scratch AS base\nFROM scratch\n{line}\n"), {})


def test_a_stage_that_is_not_built_is_nobodys_matter(laptop: Path) -> None:
    load_sources(given(laptop, "FROM scratch AS dev\nCOPY .env /\nFROM scratch\nCOPY main.py /\n"), {})


def test_a_further_context_has_an_ignore_file_of_its_own(laptop: Path) -> None:
    told = given(laptop, contexts={"more": str(laptop / "web")})
    with pytest.raises(InputError, match=r"\.env, \.env\.local would go into the build of web") as refused:
        load_sources(told, {})
    assert "web/.dockerignore" in refused.value.fix
    (laptop / "web" / ".dockerignore").write_text(".env*\n!.env.local\n")
    with pytest.raises(InputError, match=r"^\.env\.local would go"):
        load_sources(told, {})
    (laptop / "web" / ".dockerignore").write_text(".env*\n")
    load_sources(told, {})


def test_outside_of_git_nothing_counts_as_tracked(tmp_path: Path) -> None:
    (tmp_path / ".env").touch()
    assert find_withheld(tmp_path, Named()).there == (".env",)
    assert named_files(settings(), {}) == Named()
