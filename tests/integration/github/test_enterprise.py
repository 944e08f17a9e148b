"""Our steps on an Enterprise Server: its API lies below its own address, its certificate is the company's own.

https://docs.github.com/en/enterprise-server/rest/quickstart: the REST API is at ``https://HOST/api/v3``, GraphQL beside it
at ``https://HOST/api/graphql``; https://docs.github.com/en/actions/reference/workflows-and-actions/variables tells both to a job.
"""

from __future__ import annotations

import json
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead.boundary import main
from fairlead.errors import InputError
from fairlead.host.wire.status import StateAnswer
from fairlead.image.registry.credentials import find_credentials, read_credentials
from fairlead.image.registry.fault import FaultError, told
from fairlead.release.bundle import plan_run
from fairlead.rollout import back
from fairlead.web import open_session
from tests.github_api import Api, serve_api

SHA, OLD = "b" * 40, "a" * 40
SETTINGS = "app: board\nenvironments: {production: {hosts: [deploy@a.example.com]}}\n"
SERVER = "https://ghe.example.com"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That of the server, signed by nobody whom requests knows; its key lies beside it."""
    folder = tmp_path_factory.mktemp("authority")
    kind = ("-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    names = ("-subj", "/CN=ghe", "-addext", "subjectAltName=IP:127.0.0.1")
    files = ("-keyout", "key.pem", "-out", "ca.crt")
    subprocess.run(["openssl", "req", *kind, *names, *files], cwd=folder, check=True, capture_output=True)
    return folder / "ca.crt"


@pytest.fixture
def api(certificate: Path) -> Iterator[Api]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    with serve_api(tls=context) as server:
        yield server


@pytest.fixture
def job(api: Api, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A job of a pull request on that server, whose images are published; its variables."""
    (tmp_path / "fairlead.yaml").write_text(SETTINGS)
    head = {"sha": SHA, "ref": "t", "repo": {"full_name": "acme/board"}}
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 12, "head": head}}))
    place = {"repository": "containers.ghe.example.com/acme/board/api", "digest": "sha256:1"}
    image = {**place, "tags": ["pr-12-b"], "platforms": {}}
    published = {"schema": "fairlead.publish/v1", "app": "board", "revision": SHA, "images": {"api": image}}
    (tmp_path / "publish.json").write_text(json.dumps(published))
    for words in (("init", "--quiet"), ("commit", "--quiet", "--allow-empty", "--message", "one")):
        who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True)
    variables = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": SERVER,
        "GITHUB_API_URL": f"{api.url}/api/v3",
        "GITHUB_GRAPHQL_URL": f"{api.url}/api/graphql",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_REPOSITORY": "acme/board",
        "GITHUB_RUN_ID": "77",
        "GITHUB_TOKEN": "t0ken",
        "GITHUB_OUTPUT": "",
        "GITHUB_STEP_SUMMARY": "",
        "NO_PROXY": "127.0.0.1",
        "SSL_CERT_FILE": str(certificate),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(back, "read_releases", lambda _: {"a": StateAnswer(serving="000001", revision=OLD)})
    return variables


def test_every_call_goes_where_that_server_has_its_api(api: Api, job: dict[str, str], tmp_path: Path) -> None:
    for _ in range(2):
        # The second time the comment is there, and whose it is is asked.
        assert main(["github", "comment", "--work-dir", str(tmp_path)]) == 0
    assert main(["github", "deployment", "--environment", "production"]) == 0
    assert "containers.ghe.example.com/acme/board/api:pr-12-b" in api.comments[0]["body"]
    assert len(api.comments) == 1
    assert api.told() == [(OLD, "success")]
    elsewhere = [one for one in api.requests if not one.split()[1].startswith("/api/v3/repos/acme/board/")]
    assert set(elsewhere) == {"POST /api/graphql"}
    logs = [body["log_url"] for body in api.bodies if "log_url" in body]
    assert logs == [f"{SERVER}/acme/board/actions/runs/77"] == [plan_run(job)]


def test_a_certificate_that_nobody_vouches_for_is_not_believed(
    api: Api, job: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    assert main(["github", "deployment", "--environment", "production"]) == 4
    assert "or in SSL_CERT_FILE" in capsys.readouterr().out
    assert api.requests == []


def test_what_is_no_tls_is_no_matter_of_authorities(
    job: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve_api() as plain:
        address = plain.url.replace("http:", "https:")
        monkeypatch.setenv("GITHUB_API_URL", f"{address}/api/v3")
        assert main(["github", "deployment", "--environment", "production"]) == 4
        said = capsys.readouterr().out
        with pytest.raises(FaultError) as caught, told():
            open_session().get(address)
    assert "SSL" in said
    assert "SSL_CERT_FILE" not in said
    assert not caught.value.is_untrusted


def test_the_token_goes_to_that_server_s_own_registry_alone(job: dict[str, str]) -> None:
    variables = {**job, "FAIRLEAD_JOB_TOKEN": "t0ken", "DOCKER_CONFIG": "/nowhere"}
    found = find_credentials("containers.ghe.example.com", variables)
    assert found is not None
    assert (found.host, found.password) == ("containers.ghe.example.com", "t0ken")
    for other in ("ghcr.io", "ghe.example.com", "docker.ghe.example.com"):
        assert find_credentials(other, variables) is None
    # Not either where it is given as that of another, such as GitHub's own.
    named = {"FAIRLEAD_REGISTRY": "ghcr.io/acme/board", "FAIRLEAD_REGISTRY_PASSWORD": "t0ken"}
    with pytest.raises(InputError, match=r"ghcr\.io would get the job's own token") as caught:
        read_credentials("ghcr.io", {**variables, **named})
    assert caught.value.why == "it is for containers.ghe.example.com alone"
