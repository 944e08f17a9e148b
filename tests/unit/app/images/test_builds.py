"""What is built is what the services' `build:` say; fairlead.yaml adds to it, and contradicts it nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.app.images.builds import settle_images
from fairlead.app.load import load_images
from fairlead.composefile.loader import load_model
from fairlead.errors import ComposeInvalidError
from fairlead.settings.images import BuildSecret, ImageSettings
from fairlead.settings.load import load_settings
from fairlead.settings.values import Settings

SHA = "a" * 40


def settled(
    root: Path,
    compose: str,
    settings: str = "app: board\n",
    dockerfiles: tuple[str, ...] = ("api", "web", "."),
) -> Settings:
    """The settings as a build has them."""
    for folder in dockerfiles:
        (root / folder).mkdir(exist_ok=True)
        (root / folder / "Dockerfile").write_text("FROM scratch\n")
    (root / "compose.yaml").write_text(compose)
    (root / "fairlead.yaml").write_text(settings)
    found = load_settings(root, {"FAIRLEAD_REGISTRY": "ghcr.io/acme/board"})
    return load_images(found, registry="ghcr.io/acme/board", revision=SHA)


def faults(root: Path, compose: str, settings: str) -> list[str]:
    with pytest.raises(ComposeInvalidError) as caught:
        settled(root, compose, settings)
    return [f"{finding.location}: {finding.what}" for finding in caught.value.findings]


FULL = """\
services:
  api:
    build:
      context: ./api
      args: {PRICE: "5$$", EMPTY: "", FROM_COMMIT: "${FAIRLEAD_REVISION}"}
      additional_contexts: {shared: ./web, base: "docker-image://alpine:3"}
      secrets: [npm, {source: token, target: other}]
      ssh: [default]
      labels: {com.acme.team: "a$$b"}
      target: prod
      network: none
      extra_hosts: ["mirror:10.0.0.1"]
      shm_size: 64m
  worker: {build: {context: ./api, dockerfile_inline: "FROM api\\nRUN echo $$HOME\\n"}}
secrets: {npm: {file: ./npm}, token: {environment: NPM_TOKEN}}
"""


def test_every_key_of_a_build_arrives_without_an_image_in_fairlead_yaml(tmp_path: Path) -> None:
    """The dollar as well, and secrets that are the build's, not the service's."""
    api = settled(tmp_path, FULL).images["api"]
    assert api == ImageSettings(
        name="api",
        dockerfile=tmp_path / "api" / "Dockerfile",
        context=tmp_path / "api",
        target="prod",
        args={"PRICE": "5$", "EMPTY": "", "FROM_COMMIT": SHA},
        services=("api",),
        contexts={"shared": str(tmp_path / "web"), "base": "docker-image://alpine:3"},
        secrets=(BuildSecret(name="npm", file=tmp_path / "npm"), BuildSecret(name="other", env="NPM_TOKEN")),
        ssh=("default",),
        labels={"com.acme.team": "a$b"},
        network="none",
        extra_hosts=("mirror=10.0.0.1",),
        shm_size="67108864",
    )
    assert settled(tmp_path, FULL).images["worker"].inline == "FROM api\nRUN echo $HOME\n"


def test_an_edit_in_the_compose_file_is_what_is_built_next(tmp_path: Path) -> None:
    """`images: {api: …}` stays valid, and adds."""
    settings = "app: board\nimages: {api: {args: {B: '2'}, repository: ghcr.io/acme/other}}\n"
    for value in ("1", "2"):
        text = f"services: {{api: {{build: {{context: ./api, args: {{A: '{value}'}}}}}}}}\n"
        image = settled(tmp_path, text, settings).images["api"]
        assert (image.args, image.context) == ({"A": value, "B": "2"}, tmp_path / "api")
        assert image.repository == "ghcr.io/acme/other"


def test_a_dockerfile_that_only_the_compose_file_names_is_enough(tmp_path: Path) -> None:
    text = "services: {api: {build: {context: ., dockerfile: docker/Dockerfile.api}}}\n"
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "Dockerfile.api").write_text("FROM scratch\n")
    image = settled(
        tmp_path, text, "app: board\nimages: {api: {args: {A: '1'}}}\n", dockerfiles=("docker",)
    ).images["api"]
    assert image.dockerfile == tmp_path / "docker" / "Dockerfile.api"


def test_one_thing_said_in_two_ways_is_told_with_both_places(tmp_path: Path) -> None:
    compose = """\
services:
  api:
    build:
      context: ./api
      args: {A: '1', B: '1'}
      secrets: [npm]
secrets: {npm: {file: ./npm}}
"""
    (tmp_path / "npm").write_text("x")
    (tmp_path / "other").write_text("x")
    settings = (
        "app: board\nbuild: {secrets: {npm: {file: other}}}\n"
        "images:\n  api: {context: web, dockerfile: web/Dockerfile, args: {A: '1', B: '2'}}\n"
    )
    found = faults(tmp_path, compose, settings)
    assert [one.partition(": api: ")[2] for one in found if "build secret" not in one] == [
        f"build.dockerfile is {tmp_path}/api/Dockerfile here, and {tmp_path}/web/Dockerfile at {tmp_path}/fairlead.yaml:4:23",
        f"build.context is {tmp_path}/api here, and {tmp_path}/web at {tmp_path}/fairlead.yaml:4:9",
        f"build.args.B is 1 here, and 2 at {tmp_path}/fairlead.yaml:4:66",
    ]
    assert any("the build secret npm is one thing here" in one for one in found)


def test_services_share_an_image_that_is_built_alike_and_no_other(tmp_path: Path) -> None:
    text = """\
services:
  web: {build: {context: ., args: {A: '1'}}}
  worker: {build: {context: ., args: {A: '1'}}}
  Other_Job: {build: {context: ., args: {A: '2'}}}
  named: {build: ./web, image: "ghcr.io/acme/board/front:sha-1"}
"""
    images = settled(tmp_path, text).images
    assert {name: image.services for name, image in images.items()} == {
        "web": ("web", "worker"),
        "other-job": ("Other_Job",),
        "front": ("named",),
    }
    clash = text.replace("  worker: {build", "  worker: {x-fairlead: {image: web}, build").replace(
        "'1'}}}\n  Other", "'3'}}}\n  Other"
    )
    found = faults(tmp_path, clash, "app: board\nimages: {web: {}}\n")
    assert "worker and web are both the image web, and are built differently" in found[0]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("privileged: true", "build.privileged is not carried over"),
        ("entitlements: [security.insecure]", "build.entitlements is not carried over"),
        ("context: https://github.com/acme/web.git#main", "is no folder of the repository"),
        ("additional_contexts: {other: 'service:api'}", "is another build (service:api)"),
        ("network: host", "runs in the network host of the machine"),
        ("isolation: hyperv", "build.isolation is not carried over"),
        ("ulimits: {nofile: 10}", "build.ulimits is not carried over"),
    ],
)
def test_what_cannot_be_had_is_refused_rather_than_lost(tmp_path: Path, key: str, words: str) -> None:
    context = "" if key.startswith("context") else "      context: .\n"
    text = f"services:\n  web:\n    build:\n{context}      {key}\n  api: {{build: ./api}}\n"
    assert words in faults(tmp_path, text, "app: board\n")[0]


@pytest.mark.parametrize(
    ("build", "words"),
    [
        ("context: ..", "it lies outside of the repository"),
        ("context: ., dockerfile: /etc/passwd", "it lies outside of the repository"),
        ("context: ., additional_contexts: {x: ../x}", "it lies outside of the repository"),
        ("context: ., ssh: [k=../id]", "it lies outside of the repository"),
        ("context: ., secrets: [file]", "it is no file, but the machine's own"),
        ("context: ., secrets: [own]", "FAIRLEAD_SSH_KEY is Fairlead's"),
    ],
)
def test_a_build_takes_nothing_that_is_not_the_repositorys(tmp_path: Path, build: str, words: str) -> None:
    """Whether or not somebody has judged the file before."""
    (tmp_path / ".git").mkdir()
    text = (
        f"services: {{web: {{build: {{{build}}}}}}}\n"
        "secrets: {file: {file: /proc/self/environ}, own: {environment: FAIRLEAD_SSH_KEY}}\n"
    )
    assert words in faults(tmp_path, text, "app: board\n")[0]


@pytest.mark.parametrize(
    "build",
    [
        *(f"additional_contexts: {{x: {path}}}" for path in ("x://../../o", "x:/../../o", "c:/o", "d:/o")),
        *(
            f"additional_contexts: {{x: '{path}'}}"
            for path in ("git@../../../o", "git@x/o", "HTTPS://../../o")
        ),
        *(
            f"additional_contexts: {{x: 'oci-layout://{path}'}}"
            for path in ("up", "up:1", "up@sha256:1", "./up/o")
        ),
        *(f"ssh: ['k={path}']" for path in ("x:/../../o", "c:/o", "in,c:/o")),
        "context: x:/../../o",
        "context: c:/o",
    ],
)
def test_a_path_is_looked_at_where_the_builder_looks_for_it(
    tmp_path: Path, build: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs in the folder of fairlead.yaml: there lies what looks like a scheme, a drive or a user, and leads out."""
    root, elsewhere = tmp_path / "clone", tmp_path / "elsewhere"
    (root / ".git").mkdir(parents=True)
    for folder in ("x:", "git@..", "HTTPS:"):
        (root / folder).mkdir()
    for link in ("c:", "d:", "up", "git@x"):
        (root / link).symlink_to(tmp_path)
    (root / "deep" / "er" / "and" / "er").mkdir(parents=True)
    (root / "deep" / "er" / "and" / "er" / "Dockerfile").write_text("FROM scratch\n")
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    context = "" if build.startswith("context") else "context: deep/er/and/er, "
    (found, *_) = faults(root, f"services: {{web: {{build: {{{context}{build}}}}}}}\n", "app: board\n")
    assert "it lies outside of the repository" in found


def test_what_is_no_path_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    remote = (
        "docker-image://alpine:3@sha256:1",
        "https://x.example/a.tar",
        "git@x.example:a/b.git#main",
        "github.com/a/b",
    )
    named = {f"c{number}": one for number, one in enumerate(remote)}
    text = json.dumps({"services": {"web": {"build": {"context": ".", "additional_contexts": named}}}})
    assert dict(settled(tmp_path, text).images["web"].contexts) == named


def test_a_service_behind_a_profile_that_no_environment_has_is_not_built(tmp_path: Path) -> None:
    text = "services:\n  web: {build: .}\n  tool: {build: ./api, profiles: [dev]}\n"
    environment = "app: board\nenvironments: {p: {hosts: [h], profiles: [%s]}}\n"
    assert set(settled(tmp_path, text, environment % "").images) == {"web"}
    assert set(settled(tmp_path, text, environment % "dev").images) == {"web", "tool"}


def test_a_commit_has_one_image_for_all_environments(tmp_path: Path) -> None:
    text = "services:\n  web: {build: {context: ., args: {MODE: '${MODE:?}'}}}\n"
    settings = "app: board\nenvironments:\n  a: {hosts: [h], variables: {MODE: x}}\n  b: {hosts: [i], variables: {MODE: %s}}\n"
    assert settled(tmp_path, text, settings % "x").images["web"].args == {"MODE": "x"}
    assert "is built differently for b" in faults(tmp_path, text, settings % "y")[0]


_VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)


@given(st.dictionaries(st.from_regex(r"[A-Z_]{1,5}", fullmatch=True), _VALUES, max_size=4))
def test_arguments_arrive_whatever_they_hold(
    tmp_path_factory: pytest.TempPathFactory, arguments: dict[str, str]
) -> None:
    root = tmp_path_factory.getbasetemp()
    file = root / "arguments.yaml"
    written = {name: value.replace("$", "$$") for name, value in arguments.items()}
    file.write_text(
        json.dumps({"services": {"web": {"build": {"context": ".", "args": written}}}}, ensure_ascii=False)
    )
    model = load_model((file,), variables={}, name="board")
    settings = Settings(path=file, root=root, app="board", registry="r.example/a")
    images = settle_images(settings, model)[0].images
    assert dict(images["web"].args) == arguments
