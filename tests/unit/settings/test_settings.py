from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.composefile.names import COMPOSE_NAMES
from fairlead.errors import InputError
from fairlead.judge.scopes import find_compose_files
from fairlead.settings.load import load_settings
from fairlead.settings.units import parse_duration, parse_host, parse_share
from fairlead.settings.values import Host, Probe, WatchSettings
from tests.unit.marks import assert_expected, expected

HERE = Path(__file__).parent
COMPOSE = "services: {api: {image: api}, web: {image: web}, worker: {image: api}}\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that the examples fit to."""
    for name, text in {
        "Dockerfile.api": "FROM scratch\n",
        "Dockerfile.web": "FROM scratch\n",
        "compose.yaml": COMPOSE,
        "known_hosts": "app.example.com ssh-ed25519 AAAA\n",
    }.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("example", sorted((HERE / "positive").iterdir()), ids=lambda path: path.stem)
def test_a_good_file_loads(example: Path, repository: Path) -> None:
    (repository / "fairlead.yaml").write_text(example.read_text())
    assert load_settings(repository, {}).app == "board"


@pytest.mark.parametrize("example", sorted((HERE / "negative").iterdir()), ids=lambda path: path.stem)
def test_all_faults_of_a_bad_file_are_told_at_once_each_at_its_place(example: Path, repository: Path) -> None:
    assert expected(example)
    (repository / "fairlead.yaml").write_text(example.read_text())
    with pytest.raises(InputError) as raised:
        load_settings(repository, {})
    assert_expected(example, raised.value.findings)
    assert all(
        finding.location and finding.location.path == "fairlead.yaml" for finding in raised.value.findings
    )


def test_every_value_of_a_full_file_arrives(repository: Path) -> None:
    (repository / "fairlead.yaml").write_text((HERE / "positive" / "full.yaml").read_text())
    settings = load_settings(repository, {})
    api = settings.images["api"]
    assert (api.dockerfile, api.context) == (repository / "Dockerfile.api", repository)
    assert dict(api.args) == {"VERSION": "1.10", "DEBUG": "no", "EMPTY": ""}
    assert settings.repository_of("api") == "ghcr.io/acme/board/api"
    assert settings.repository_of("web") == "registry.example.com:5000/acme/web"
    validate = settings.validate
    assert dict(validate.severity) == {"unknown-registry": "error", "restart-cascade": "off"}
    assert (validate.registries, validate.devices) == (
        ("docker.io/library", "ghcr.io/acme"),
        ("/dev/dri", "gpus"),
    )
    assert dict(validate.capabilities) == {"ops": ("CAP_NET_RAW",)}
    assert (validate.host_memory, validate.host_cpus) == (4 * 2**30, 2.0)
    assert (validate.compose, validate.pin) == ((2, 30), "deploy")
    dev = validate.combinations["dev"]
    assert (dev.compose, dev.profiles, dev.development) == ((repository / "compose.yaml",), ("dev",), True)
    assert dict(dev.variables) == {"LEVEL": "007"}
    assert settings.scan.database_max_age == 36 * 3600
    assert (settings.deploy.drain_timeout, settings.deploy.lock_timeout) == (0.5, 5400)
    assert [secret.name for secret in settings.build.secrets if secret.optional] == ["ca"]
    production = settings.environment("production")
    assert production.hosts[1] == Host(user="root", name="2001:db8::1", port=2222)
    assert production.url == "https://board.example.com"
    assert production.known_hosts == repository / "known_hosts"
    assert dict(production.variables) == {"SITE": "board.example.com", "MODE": "0755"}
    assert production.probes == (
        Probe(path="/health", status=204, body="well", headers={"X-App": "board"}),
        Probe(path="/", status=200),
    )
    assert settings.deploy.watch == WatchSettings(
        window=60.0, errors=0.005, slow=1.0, requests=100, require_evidence=True
    )


def test_defaults_are_what_the_schema_says(repository: Path) -> None:
    """The schema is what a reader sees, and the dataclasses are what runs: they must agree."""
    from fairlead.schemas import load_schema

    (repository / "fairlead.yaml").write_text("app: board\n")
    settings = load_settings(repository, {})
    keys = load_schema("fairlead")["properties"]
    assert "default" not in keys["platforms"]
    assert settings.platforms == ()
    assert settings.proxy.image == keys["proxy"]["properties"]["image"]["default"]
    deploy = dict(keys["deploy"]["properties"])
    watch = deploy.pop("watch")["properties"]
    assert "default" not in deploy.pop("keep_size")
    assert settings.deploy.keep_size == 0
    assert settings.deploy.standby_memory == parse_share(deploy.pop("standby_memory")["default"])
    for name, key in deploy.items():
        plain = name in ("keep", "release_header")
        expected_value = key["default"] if plain else parse_duration(key["default"])
        assert getattr(settings.deploy, name) == expected_value
    assert settings.deploy.watch == WatchSettings(
        window=parse_duration(watch["window"]["default"]),
        errors=parse_share(watch["errors"]["default"]),
        slow=parse_share(watch["slow"]["default"]),
        requests=watch["requests"]["default"],
        require_evidence=watch["require_evidence"]["default"],
    )
    scan = keys["scan"]["properties"]
    assert settings.scan.severity == scan["severity"]["default"]
    assert settings.scan.database_max_age == parse_duration(scan["database_max_age"]["default"])


def test_the_sole_environment_is_the_default_and_several_must_be_named(repository: Path) -> None:
    (repository / "fairlead.yaml").write_text((HERE / "positive" / "usual.yaml").read_text())
    assert load_settings(repository, {}).environment().name == "production"
    (repository / "fairlead.yaml").write_text((HERE / "positive" / "full.yaml").read_text())
    settings = load_settings(repository, {})
    with pytest.raises(InputError) as raised:
        settings.environment()
    assert "production, preview" in raised.value.why
    with pytest.raises(InputError) as raised:
        settings.environment("prod")
    assert raised.value.fix == "did you mean production? (--environment)"


def test_the_file_is_found_from_a_folder_below(repository: Path) -> None:
    (repository / "fairlead.yaml").write_text("app: board\n")
    (repository / "src" / "deep").mkdir(parents=True)
    assert load_settings(repository / "src" / "deep", {}).root == repository


def test_the_search_stops_at_the_repository(repository: Path) -> None:
    """A fairlead.yaml above belongs to another repository."""
    (repository / "fairlead.yaml").write_text("app: board\n")
    (repository / "other" / ".git").mkdir(parents=True)
    with pytest.raises(InputError) as raised:
        load_settings(repository / "other", {})
    assert "fairlead init" in raised.value.fix


def test_an_empty_file_says_so(repository: Path) -> None:
    (repository / "fairlead.yaml").write_text("# nothing\n")
    with pytest.raises(InputError, match=r"fairlead\.yaml is empty"):
        load_settings(repository, {})


@pytest.mark.parametrize(
    ("environ", "config", "registry"),
    [
        ({}, "", ""),
        ({"GITHUB_REPOSITORY": "Acme/Board"}, "", "ghcr.io/acme/board"),
        ({}, '[remote "origin"]\n\turl = git@github.com:Acme/Board.git\n', "ghcr.io/acme/board"),
        ({}, '[remote "fork"]\n\turl = git@github.com:x/y.git\n', ""),
        ({"FAIRLEAD_REGISTRY": "localhost:5000/acme/"}, "", "localhost:5000/acme"),
    ],
)
def test_the_registry_is_inferred_in_lower_case(
    repository: Path, environ: dict[str, str], config: str, registry: str
) -> None:
    (repository / "fairlead.yaml").write_text("app: board\n")
    (repository / ".git").mkdir()
    (repository / ".git" / "config").write_text(config)
    assert load_settings(repository, environ).registry == registry


def test_a_bad_registry_variable_is_a_fault_of_the_caller(repository: Path) -> None:
    (repository / "fairlead.yaml").write_text("app: board\n")
    with pytest.raises(InputError) as raised:
        load_settings(repository, {"FAIRLEAD_REGISTRY": "GHCR.io/Acme"})
    assert "FAIRLEAD_REGISTRY must be" in raised.value.findings[0].what


def test_without_a_registry_the_error_says_how_to_give_one(repository: Path) -> None:
    (repository / "fairlead.yaml").write_text("app: board\nimages: {api: {dockerfile: Dockerfile.api}}\n")
    with pytest.raises(InputError) as raised:
        load_settings(repository, {}).repository_of("api")
    assert "registry: ghcr.io/" in raised.value.fix


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("1h30m", 5400), ("250ms", 0.25), ("1.5h", 5400), ("2d", 172800)]
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "s", "1 h", "-1s", "1y"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_duration(text)


@pytest.mark.parametrize(
    "text", ["deploy@app.example.com", "app", "deploy@app:2222", "deploy@[2001:db8::1]:22"]
)
def test_hosts_print_as_they_are_written(text: str) -> None:
    assert str(parse_host(text)) == text.removesuffix(":22")


NINES = "9" * 5000


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (f"deploy: {{keep: {NINES}}}", (2, 16), "5,000 digits"),
        (f"deploy: {{keep_size: {'9' * 400}T}}", (2, 21), "a size such as"),
        (f"validate: {{host: {{memory: {'9' * 400}T}}}}", (2, 27), "a size such as"),
        (f"validate: {{compose: '2.{NINES}'}}", (2, 21), "a version"),
        ("validate: {compose: 1e5}", (2, 21), "a version"),
        (f"deploy: {{standby: {'9' * 400}d}}", (2, 19), "ten years"),
        (f"deploy: {{watch: {{window: {NINES}s}}}}", (2, 26), "ten years"),
        ("deploy: {watch: {window: 0s, require_evidence: true}}", (2, 48), "there is no evidence"),
        ("scan: {database_max_age: 99999d}", (2, 26), "ten years"),
        (f"compose: [{'a' * 5000}]", (2, 11), "is not there"),
        (f"images: {{api: {{context: {'a' * 5000}}}}}", (2, 25), "is not a folder"),
        (f"images: {{api: {{dockerfile: {'a' * 5000}}}}}", (2, 28), "is not there"),
        (f"build: {{secrets: {{a: {{file: {'a' * 5000}}}}}}}", (2, 29), "is not there"),
        (f"environments: {{p: {{hosts: [h], known_hosts: {'a' * 5000}}}}}", (2, 45), "is not there"),
        ("environments: {p: {hosts: ['deploy@h:²']}}", (2, 28), "a port lies between"),
        ("environments: {p: {hosts: ['deploy@h:00']}}", (2, 28), "a port lies between"),
        (f"environments: {{p: {{hosts: ['deploy@h:{NINES}']}}}}", (2, 28), "a port lies between"),
    ],
)
def test_what_no_machine_can_count_or_name_is_a_finding_beside_the_others(
    repository: Path, text: str, place: tuple[int, int], words: str
) -> None:
    (repository / "fairlead.yaml").write_text(f"app: Board\n{text}\n")
    with pytest.raises(InputError) as raised:
        load_settings(repository, {})
    found = raised.value.findings
    assert any(finding.location is not None and finding.location.line == 1 for finding in found)
    there = [
        one for one in found if one.location is not None and (one.location.line, one.location.column) == place
    ]
    assert any(words in finding.what for finding in there), found


@pytest.mark.parametrize("file", ["/etc/passwd", "../outside", "leaves", "/dev/zero"])
def test_known_hosts_are_a_file_of_the_repository(repository: Path, file: str) -> None:
    (repository / "leaves").symlink_to("/etc/passwd")
    text = f"app: board\nenvironments: {{p: {{hosts: [h], known_hosts: {file}}}}}\n"
    (repository / "fairlead.yaml").write_text(text)
    with pytest.raises(InputError) as raised:
        load_settings(repository, {})
    assert f"{file} is no source" in raised.value.findings[0].what


@pytest.mark.parametrize("there", [COMPOSE_NAMES[first:] for first in range(len(COMPOSE_NAMES))])
def test_a_file_that_nobody_names_is_the_one_that_compose_takes(
    tmp_path: Path, there: tuple[str, ...]
) -> None:
    for name in reversed(there):
        (tmp_path / name).write_text("services: {web: {image: a}}\n")
    (tmp_path / "fairlead.yaml").write_text(
        "app: shop\nregistry: registry.example.com/shop\nenvironments: {production: {hosts: [deploy@app.example.com]}}\n"
    )
    assert load_settings(tmp_path, {}).compose == find_compose_files(tmp_path, {}) == (tmp_path / there[0],)
