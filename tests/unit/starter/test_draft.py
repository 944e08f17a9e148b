from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fairlead.app.images.builds import settle_images
from fairlead.composefile.loader import load_model
from fairlead.settings.load import load_settings
from fairlead.settings.values import Settings
from fairlead.starter.draft import Draft, plan_draft
from fairlead.starter.look import read_sight
from tests.unit.app.foreign import APPS, names


def drafted(root: Path, environ: dict[str, str] | None = None) -> tuple[Draft, Settings]:
    """The draft for a repository, and the settings that it loads as."""
    draft = plan_draft(read_sight(root, environ or {}))
    (root / "fairlead.yaml").write_text(draft.text)
    return draft, with_builds(load_settings(root, {}))


def with_builds(settings: Settings) -> Settings:
    """With the images that its compose files build."""
    if not settings.compose:
        return settings
    variables = {"FAIRLEAD_REGISTRY": "r.example/a", "FAIRLEAD_TAG": "sha-1", "SITE": "x"}
    found, faults = settle_images(
        settings, load_model(settings.compose, variables=variables, name=settings.app)
    )
    assert faults == ()
    return found


@pytest.mark.parametrize("name", names())
def test_the_draft_of_a_foreign_app_loads_and_builds_what_its_author_would(name: str, tmp_path: Path) -> None:
    """The fairlead.yaml of each example was written by hand: the draft finds the same images."""
    root = tmp_path / name
    shutil.copytree(APPS / name, root)
    by_hand = with_builds(load_settings(root, {}))
    (root / "fairlead.yaml").unlink()
    _, settings = drafted(root)
    assert {image.dockerfile for image in settings.images.values()} == {
        image.dockerfile for image in by_hand.images.values()
    }
    assert {(image.context, image.target, *image.args.items()) for image in settings.images.values()} == {
        (image.context, image.target, *image.args.items()) for image in by_hand.images.values()
    }
    assert settings.compose == by_hand.compose
    assert list(settings.environments) == ["production"]


def test_the_registry_comes_from_the_remote_in_lower_case(tmp_path: Path) -> None:
    draft, settings = drafted(tmp_path, {"GITHUB_REPOSITORY": "Acme/The_Board"})
    assert settings.registry == "ghcr.io/acme/the_board"
    assert settings.app == "the-board"
    assert "registry: ghcr.io/acme/the_board, from the git remote" in draft.inferred


@pytest.mark.parametrize(
    ("folders", "slug"),
    [
        (["apps/admin", "apps/shop", "."], "acme/Mono"),
        (["one/web", "other/web"], "acme/mono"),
        (["one/web", "other/web"], ""),
        ([f"{'a-long-way-down/' * 4}{end}" for end in ("left", "right")], "acme/a-repository-of-a-long-name"),
        (["01 Käse", "02 Käse"], "acme/mono"),
    ],
)
def test_two_apps_of_one_repository_get_names_and_registries_of_their_own(
    folders: list[str], slug: str, tmp_path: Path
) -> None:
    (tmp_path / ".git").mkdir()
    found = []
    for folder in folders:
        root = tmp_path / folder
        root.mkdir(parents=True, exist_ok=True)
        _, settings = drafted(root, {"GITHUB_REPOSITORY": slug} if slug else None)
        found.append(settings)
    assert len({settings.app for settings in found}) == len(folders)
    if slug:
        assert len({settings.registry for settings in found}) == len(folders)
        assert all(settings.registry.startswith(f"ghcr.io/{slug.lower()}") for settings in found)


def test_the_app_of_a_folder_is_called_after_repository_and_folder(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    root = tmp_path / "apps" / "admin"
    root.mkdir(parents=True)
    draft, settings = drafted(root, {"GITHUB_REPOSITORY": "acme/shop"})
    assert (settings.app, settings.registry) == ("shop-apps-admin", "ghcr.io/acme/shop/apps/admin")
    assert "registry: ghcr.io/acme/shop/apps/admin, from the git remote and the folder" in draft.inferred


def test_an_empty_folder_gets_a_file_that_loads_and_says_what_is_missing(tmp_path: Path) -> None:
    root = tmp_path / "42 My App!"
    root.mkdir()
    draft, settings = drafted(root)
    assert settings.app == "my-app"
    assert "No compose file was found" in draft.text


def test_images_that_the_compose_file_names_are_found_by_their_dockerfiles(tmp_path: Path) -> None:
    (tmp_path / "compose").mkdir()
    (tmp_path / "compose" / "compose.yaml").write_text(
        "name: Board\nservices:\n"
        "  api: {image: '${FAIRLEAD_REGISTRY:?}/api:${FAIRLEAD_TAG:?}'}\n"
        "  worker: {image: '${FAIRLEAD_REGISTRY}/api:${FAIRLEAD_TAG}'}\n"
        "  web: {image: '${FAIRLEAD_REGISTRY}/web', environment: {A: '${SITE:?}', B: '${X:-1}', C: '$$NO', D: '$Y'}}\n"
    )
    for name in ("Dockerfile.api", "Dockerfile.web"):
        (tmp_path / name).write_text("FROM scratch\n")
    draft, settings = drafted(tmp_path)
    assert settings.app == "board"
    assert settings.images["api"].services == ("api", "worker")
    assert settings.compose == (tmp_path / "compose" / "compose.yaml",)
    assert dict(settings.environment().variables) == {}
    assert "    #   SITE: VALUE  # compose/compose.yaml:5:" in draft.text


def test_a_draft_sets_nothing_and_wants_no_value_of_a_secret(tmp_path: Path) -> None:
    """An empty value counts as given and wins over `.env`; a password written here would be in Git."""
    (tmp_path / "compose.yaml").write_text(
        "services:\n  web:\n    image: acme/web:1\n"
        "    environment: {SECRET_KEY: '${SECRET_KEY}', LOG_LEVEL: '${LOG_LEVEL}', X: '${API_TOKEN:?}'}\n"
    )
    draft, settings = drafted(tmp_path)
    assert not settings.environment().variables
    assert "#   LOG_LEVEL: VALUE" in draft.text
    for name in ("SECRET_KEY", "API_TOKEN"):
        assert f"{name}: VALUE" not in draft.text
        assert f"secret_environment: {{{name}: {name.lower()}}}" in draft.text
        assert f"FAIRLEAD_SECRET_{name}" in draft.text
    # Taken as it is, the first list holds.
    (tmp_path / "fairlead.yaml").write_text(
        draft.text.replace("# variables:", "variables:").replace("#   LOG_LEVEL", "  LOG_LEVEL")
    )
    assert load_settings(tmp_path, {}).environment().variables == {"LOG_LEVEL": "VALUE"}


def test_variables_of_the_env_file_are_left_to_compose(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {web: {image: 'nginx:${TAG}'}}\n")
    (tmp_path / ".env").write_text("# a comment=x\nexport TAG=1\n")
    assert not drafted(tmp_path)[1].environment().variables


def test_services_that_share_a_build_share_its_image(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services:\n  web: {build: .}\n  worker: {build: {context: .}}\n")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    _, settings = drafted(tmp_path)
    assert settings.images["web"].services == ("web", "worker")
    assert len(settings.images) == 1


def test_nothing_of_a_build_is_copied_and_its_secrets_are_not_the_services(tmp_path: Path) -> None:
    """The compose file is what is built; a copy of a part of it would lose the rest, and every later edit."""
    (tmp_path / "compose.yaml").write_text(
        "services:\n"
        "  web:\n"
        "    build: {context: ., target: prod, args: {A: '1', B: '5$$'}, secrets: [npm]}\n"
        "    secrets: [token]\n"
        "    x-fairlead: {secret_environment: {DATABASE_URL: database_url}}\n"
        "secrets: {npm: {file: ./npm}, token: {file: ./token}}\n"
    )
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    draft, settings = drafted(tmp_path)
    assert "\nimages:" not in draft.text
    assert "image of web: Dockerfile, the build: in compose.yaml is what is built" in draft.inferred
    assert settings.environment().secrets == ("token", "database_url")
    image = settings.images["web"]
    assert (dict(image.args), image.target) == ({"A": "1", "B": "5$"}, "prod")
    assert [secret.name for secret in image.secrets] == ["npm"]


def test_a_broken_compose_file_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: [\n")
    assert plan_draft(read_sight(tmp_path, {})).text


def test_a_caddyfile_of_the_repositorys_own_is_shown_how_it_would_switch(tmp_path: Path) -> None:
    """Each line that leads to a service, whether the file or its folder is mounted; what leads elsewhere is left alone."""
    (tmp_path / "caddy").mkdir()
    (tmp_path / "caddy" / "Caddyfile").write_text(
        "example.com {\n\treverse_proxy /api/* http://api:8000\n\treverse_proxy web:3000 {\n\t}\n}\n"
        "other.example.com {\n\treverse_proxy localhost:9\n}\n"
    )
    for source in ("./caddy/Caddyfile:/etc/caddy/Caddyfile:ro", "./caddy:/etc/caddy"):
        (tmp_path / "compose.yaml").write_text(
            "services:\n  web: {image: acme/web}\n  api: {image: acme/api}\n"
            f"  proxy: {{image: caddy, volumes: ['{source}', 'data:/data']}}\n"
        )
        (tmp_path / "fairlead.yaml").unlink(missing_ok=True)
        draft, _ = drafted(tmp_path)
        assert "#   line 2: `import switch api 8000` in place of `reverse_proxy api:8000`\n" in draft.text
        assert "#   line 3: `import switch web 3000` in place of `reverse_proxy web:3000`\n" in draft.text
        assert "line 7" not in draft.text
        assert "proxy: caddy/Caddyfile:3: `import switch web 3000` would switch it" in draft.inferred


def test_an_overlay_for_production_is_named_and_not_taken_unasked(tmp_path: Path) -> None:
    """What the base file is merged with on a server nobody can know; that it is there is worth a line."""
    for name in ("compose.yml", "compose.override.yml", "compose.prod.yml", "docker-compose.production.yaml"):
        (tmp_path / name).write_text("services: {web: {image: 'nginx:1'}}\n")
    draft, settings = drafted(tmp_path)
    assert [path.name for path in settings.compose] == ["compose.yml"]
    assert "# Merged in this order on a server: compose: [compose.yml, compose.prod.yml]" in draft.text
    told = "\n".join(draft.inferred)
    assert "compose.prod.yml" in told
    assert "docker-compose.production.yaml" in told
    assert "override" not in told


def test_a_draft_names_no_platform_as_that_of_the_machine_that_builds_will_do(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    draft, settings = drafted(tmp_path)
    assert settings.platforms == ()
    assert "# platforms: [linux/amd64]" in draft.text
