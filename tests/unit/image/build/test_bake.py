from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from fairlead.errors import InputError
from fairlead.identity import Identity
from fairlead.image.build.bake import BakePlan, BuildOptions, bake_argv, plan_bake
from fairlead.image.build.dockerfile import parse_dockerfile
from fairlead.image.build.staging import Source, plan_staging
from fairlead.image.build.target import parse_contexts
from fairlead.settings.images import BuildSecret, BuildSettings, ImageSettings
from fairlead.settings.values import Settings
from tests.unit.image.builders import REVISION, ROOT, identity, settings

WORK = ROOT / ".fairlead"


def plan(
    given: Settings | None = None,
    commit: Identity | None = None,
    *,
    dockerfile: str = "FROM scratch\n",
    ignore: str = ".fairlead",
    environ: dict[str, str] | None = None,
    options: BuildOptions | None = None,
) -> BakePlan:
    given = given or settings()
    sources = {
        name: Source(image, parse_dockerfile(dockerfile), ignore) for name, image in given.images.items()
    }
    return plan_bake(
        given, commit or identity(), sources, work_dir=WORK, environ=environ or {}, options=options
    )


def target(made: BakePlan, name: str = "api") -> dict[str, Any]:
    found: dict[str, Any] = made.definition["target"][name]
    return found


def test_the_whole_definition_of_a_plain_image() -> None:
    layout = "/clone/.fairlead/images/api"
    assert plan().definition == {
        "group": {"default": {"targets": ["api"]}},
        "target": {
            "api": {
                "context": ".",
                "dockerfile": "Dockerfile.api",
                "platforms": ["linux/amd64", "linux/arm64"],
                "args": {"SOURCE_DATE_EPOCH": "1790000000"},
                "labels": {
                    "org.opencontainers.image.title": "board/api",
                    "org.opencontainers.image.revision": REVISION,
                    "org.opencontainers.image.version": f"sha-{REVISION}",
                    "org.opencontainers.image.created": "2026-09-21T14:13:20Z",
                    "org.opencontainers.image.source": "https://github.com/acme/board",
                },
                "attest": ["type=provenance,mode=min"],
                "output": [f"type=oci,tar=false,dest={layout},name=ghcr.io/acme/board/api:sha-{REVISION}"],
            }
        },
    }


def test_branch_and_tags_leave_no_trace_in_the_image() -> None:
    """The same commit gets the same digest before and after it is tagged."""
    tagged = identity(branch=None, tags=("v1.2.3",))
    assert plan(commit=tagged).definition == plan().definition


def test_a_dirty_tree_is_named_in_labels_and_revision() -> None:
    made = target(plan(commit=identity(dirty_files=("a",)), dockerfile="FROM scratch\nARG REVISION\n"))
    assert made["labels"]["org.opencontainers.image.revision"] == f"{REVISION}-dirty"
    assert made["args"]["REVISION"] == f"{REVISION}-dirty"


def test_revision_is_passed_only_where_it_is_declared() -> None:
    assert "REVISION" not in target(plan())["args"]
    assert target(plan(dockerfile="FROM a\nARG REVISION\n"))["args"]["REVISION"] == REVISION


def test_an_argument_of_the_user_wins() -> None:
    image = ImageSettings(
        name="api", dockerfile=ROOT / "Dockerfile", context=ROOT, args={"SOURCE_DATE_EPOCH": "0"}
    )
    assert target(plan(settings(images={"api": image})))["args"] == {"SOURCE_DATE_EPOCH": "0"}


def test_what_bake_would_take_for_a_template_is_escaped() -> None:
    image = ImageSettings(
        name="api", dockerfile=ROOT / "Dockerfile", context=ROOT, args={"A": "${HOME} %{if x} $x"}
    )
    assert target(plan(settings(images={"api": image})))["args"]["A"] == "$${HOME} %%{if x} $x"


def test_an_image_name_with_a_dot_becomes_a_target_that_bake_allows() -> None:
    image = ImageSettings(name="a.b", dockerfile=ROOT / "x/Dockerfile", context=ROOT / "x", target="final")
    made = plan(settings(images={"a.b": image}))
    assert made.targets == {"a.b": "a__b"}
    assert target(made, "a__b")["context"] == "x"
    assert target(made, "a__b")["dockerfile"] == "Dockerfile"
    assert target(made, "a__b")["target"] == "final"


@pytest.mark.parametrize("by_option", [True, False])
def test_reproducible_gives_every_file_and_the_image_one_date(by_option: bool) -> None:
    given = settings(build=BuildSettings(reproducible=not by_option))
    made = target(plan(given, options=BuildOptions(reproducible=by_option)))
    assert made["output"][0].endswith(",rewrite-timestamp=true")
    assert made["args"]["SOURCE_DATE_EPOCH"] == "0"


def test_options_reach_the_builder() -> None:
    made = target(plan(options=BuildOptions(no_cache=True, pull=True, sbom=True)))
    assert (made["no-cache"], made["pull"]) == (True, True)
    assert made["attest"] == ["type=provenance,mode=min", "type=sbom"]


def test_secrets_come_from_files_and_variables_and_never_as_values(tmp_path: Path) -> None:
    file = tmp_path / "with,comma"
    file.write_text("s3cret")
    secrets = (
        BuildSecret(name="file", file=file),
        BuildSecret(name="token", env="TOKEN"),
        BuildSecret(name="gone", file=tmp_path / "gone", optional=True),
        BuildSecret(name="unset", env="UNSET", optional=True),
    )
    made = target(plan(settings(build=BuildSettings(secrets=secrets)), environ={"TOKEN": "s3cret"}))
    assert [next(csv.reader([line])) for line in made["secret"]] == [
        ["id=file", f"src={file}"],
        ["id=token", "env=TOKEN"],
    ]
    assert "s3cret" not in str(made)


@pytest.mark.parametrize(
    "secret", [BuildSecret(name="a", env="TOKEN"), BuildSecret(name="a", file=Path("/not/there"))]
)
def test_a_missing_secret_is_told_before_anything_is_built(secret: BuildSecret) -> None:
    with pytest.raises(InputError, match="the build secret a is missing"):
        plan(settings(build=BuildSettings(secrets=(secret,))))


def test_the_builder_sees_the_variables_that_the_build_asks_for() -> None:
    """Those of its secrets, and those that a cache logs in with; of none that it does not use."""
    secrets = (BuildSecret(name="token", env="TOKEN"), BuildSecret(name="unset", env="UNSET", optional=True))
    assert plan(settings(build=BuildSettings(secrets=secrets)), environ={"TOKEN": "x"}).variables == (
        "TOKEN",
        "UNSET",
    )
    assert plan(settings(build=BuildSettings(cache=("type=s3,bucket=b",)))).variables == ("AWS_*",)
    assert plan(settings(build=BuildSettings(cache=("registry",)))).variables == ()


def test_a_cache_in_a_folder_of_the_machine_is_refused() -> None:
    with pytest.raises(InputError, match=r"build\.cache holds type=local,dest=/etc"):
        plan(settings(build=BuildSettings(cache=("type=local,dest=/etc",))))


def test_no_image_and_no_registry_are_told() -> None:
    with pytest.raises(InputError, match="no image to build"):
        plan(settings(images={}))
    with pytest.raises(InputError, match="no registry is known"):
        plan(settings(registry=""))


def test_named_contexts_take_the_place_of_base_images() -> None:
    made = plan(environ={"FAIRLEAD_BUILD_CONTEXTS": "python:3.13-slim=docker-image://r/p,a=/b"})
    assert target(made)["contexts"] == {"python:3.13-slim": "docker-image://r/p", "a": "/b"}
    with pytest.raises(InputError, match="FAIRLEAD_BUILD_CONTEXTS holds nonsense"):
        parse_contexts("nonsense")


def test_the_command_line() -> None:
    assert bake_argv(Path("/p/docker-buildx"), Path("/w/bake.json")) == (
        "/p/docker-buildx", "bake", "--progress", "plain", "--file", "/w/bake.json",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ignore", "staged"),
    [
        ("", ".fairlead\n"),
        ("*.pyc", "*.pyc\n.fairlead\n"),
        (".fairlead\n!.fairlead/x\n", ".fairlead\n!.fairlead/x\n.fairlead\n"),
        ("a\n.fairlead/\n", None),
        ("a\n/.fairlead", None),
    ],
)
def test_the_work_directory_is_kept_out_of_the_context(ignore: str, staged: str | None) -> None:
    source = Source(settings().images["api"], parse_dockerfile(""), ignore)
    staging = plan_staging(source, WORK)
    dockerfile = target(plan(ignore=ignore))["dockerfile"]
    if staged is None:
        assert staging is None
        assert dockerfile == "Dockerfile.api"
    else:
        assert staging is not None
        assert staging.ignore == staged
        assert dockerfile == ".fairlead/dockerfiles/Dockerfile.api"


def test_a_work_directory_elsewhere_needs_no_staging() -> None:
    source = Source(settings().images["api"], parse_dockerfile(""))
    assert plan_staging(source, Path("/elsewhere")) is None


def composed(**fields: Any) -> Settings:
    image = ImageSettings(name="api", dockerfile=ROOT / "Dockerfile", context=ROOT, **fields)
    return settings(images={"api": image})


def test_what_only_a_compose_file_says_of_a_build_is_in_its_target() -> None:
    made = target(
        plan(
            composed(
                contexts={"shared": "/clone/shared", "base": "docker-image://alpine"},
                secrets=(BuildSecret(name="npm", env="NPM_TOKEN"),),
                labels={"team": "a${b}", "org.opencontainers.image.revision": "mine"},
                network="none",
                extra_hosts=("mirror=10.0.0.1", "six=::1"),
                shm_size="1024",
            ),
            environ={"NPM_TOKEN": "x", "FAIRLEAD_BUILD_CONTEXTS": "base=docker-image://mirror/alpine"},
        )
    )
    assert made["contexts"] == {"shared": "/clone/shared", "base": "docker-image://mirror/alpine"}
    assert made["secret"] == ["id=npm,env=NPM_TOKEN"]
    assert made["labels"]["team"] == "a$${b}"
    assert made["labels"]["org.opencontainers.image.revision"] == REVISION
    assert (made["network"], made["shm-size"]) == ("none", "1024")
    assert made["extra-hosts"] == {"mirror": "10.0.0.1", "six": "::1"}


def test_secrets_of_one_build_are_given_to_no_other() -> None:
    given = composed(secrets=(BuildSecret(name="npm", env="NPM_TOKEN"),))
    other = ImageSettings(name="web", dockerfile=ROOT / "Dockerfile", context=ROOT)
    made = plan(settings(images={**given.images, "web": other}), environ={"NPM_TOKEN": "x"})
    assert "secret" not in target(made, "web")
    assert "NPM_TOKEN" in made.variables
    with pytest.raises(InputError, match="the build secret npm is missing"):
        plan(given)


def test_an_agent_of_the_users_is_lent_to_whom_he_trusts() -> None:
    """Whoever writes the Dockerfile could sign with every key in it."""
    given = composed(ssh=("default", "deploy=/clone/key"))
    with pytest.raises(InputError, match="asks for your ssh agent"):
        plan(given)
    assert target(plan(given, environ={"FAIRLEAD_BUILD_SSH": "true"}))["ssh"] == [
        "default",
        "deploy=/clone/key",
    ]
    assert target(plan(composed(ssh=("deploy=/clone/key",))))["ssh"] == ["deploy=/clone/key"]


def test_a_dockerfile_in_the_compose_file_is_written_where_the_builder_reads_it() -> None:
    (image,) = composed(inline="FROM scratch\n").images.values()
    for work_dir in (WORK, ROOT.parent / "elsewhere"):
        staging = plan_staging(Source(image, parse_dockerfile("FROM scratch\n"), "x"), work_dir)
        assert staging is not None
        assert staging.dockerfile == work_dir / "dockerfiles" / "Dockerfile.api"
