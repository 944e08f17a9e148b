"""Images between a layout and a registry, and what happens on the way."""

from __future__ import annotations

import contextlib
import errno
import io
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from fairlead.errors import CommandFailedError
from fairlead.image.oci.layout import Layout, read_layout, verify_blobs, write_blob, write_index
from fairlead.image.oci.manifests import CONFIG_TYPE, INDEX_TYPE, MANIFEST_TYPE
from fairlead.image.registry import link, transfer
from fairlead.image.registry.client import Registry
from fairlead.image.registry.credentials import Credentials
from fairlead.image.registry.docker_login import TOKEN
from fairlead.image.registry.transfer import pull_layout, push_layout
from tests.unit.image.registry.double import HOST, Double, errors

LOGIN = Credentials(HOST, "alice", "pa55")
API, WEB = f"{HOST}/acme/api:sha-1", f"{HOST}/acme/web:sha-1"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOWN = requests.ConnectionError("reset by peer")


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Double:
    made = Double()
    monkeypatch.setattr(link, "open_session", made.session)
    monkeypatch.setattr("time.sleep", lambda _: None)
    return made


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An image for one platform, with a layer of 200 KB."""
    return make_layout(tmp_path / "layout", b"a layer" * 30_000)


def make_layout(folder: Path, layer: bytes) -> Layout:
    config = json.dumps({"os": "linux", "architecture": "amd64", "config": {"Labels": {"a": "b"}}}).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": described(folder, CONFIG_TYPE, config),
        "layers": [described(folder, LAYER, layer)],
    }
    entry = described(folder, MANIFEST_TYPE, json.dumps(manifest).encode())
    entry["platform"] = {"os": "linux", "architecture": "amd64"}
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [entry]}
    write_index(folder, [described(folder, INDEX_TYPE, json.dumps(index).encode())])
    return read_layout(folder)


def described(folder: Path, kind: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "digest": write_blob(folder, data), "size": len(data)}


def registry(login: Credentials | None = LOGIN) -> Registry:
    return Registry(lambda _: login)


def writes(double: Double) -> list[str]:
    """What was written, without the registry's name."""
    return [call.replace(f"https://{HOST}/v2/acme", "") for call in double.calls if call.startswith("P")]


@pytest.mark.parametrize("scheme", ["", "Basic", "Bearer"])
def test_a_push_sends_layers_as_streams_then_manifests_and_the_tag_last(
    double: Double, layout: Layout, scheme: str
) -> None:
    double.scheme = scheme
    push_layout(registry(), layout, API)
    assert double.manifests["acme/api", "sha-1"] == (layout.data, INDEX_TYPE)
    assert double.largest == 1 << 14
    order = [call.partition("/api/")[2].partition("/")[0] for call in writes(double)]
    assert order == sorted(order)
    assert writes(double)[-1] == "PUT /api/manifests/sha-1"
    double.calls.clear()
    push_layout(registry(), layout, API)
    assert not [call for call in writes(double) if "/blobs/" in call]


def test_a_registry_has_time_to_put_a_layer_in_its_place(double: Double, layout: Layout) -> None:
    """Some copy gigabytes before they answer; what is asked beside that is answered at once."""
    push_layout(registry(), layout, API)
    layers = {call for call in double.patience if call.startswith("PUT") and "digest=" in call}
    assert len(layers) == 2
    assert {double.patience[call] for call in layers} == {(60, 600)}
    assert {patience for call, patience in double.patience.items() if call not in layers} == {(10, 60)}


def test_what_was_pushed_comes_back_byte_for_byte(double: Double, layout: Layout, tmp_path: Path) -> None:
    double.redirects = True
    push_layout(registry(), layout, API)
    found = registry().read(API)
    assert found is not None
    pull_layout(registry(), found, f"{HOST}/acme/api", tmp_path / "back")
    back = read_layout(tmp_path / "back")
    verify_blobs(back)
    assert back.digest == layout.digest


@pytest.mark.parametrize(
    ("method", "part"),
    [("HEAD", "/blobs/"), ("POST", "/blobs/uploads/"), ("PUT", "/blobs/uploads/"), ("PUT", "/manifests/")],
)
@pytest.mark.parametrize("fault", [DOWN, (503,), (429, errors("TOOMANYREQUESTS"))])
def test_what_passes_is_waited_for(
    double: Double, layout: Layout, method: str, part: str, fault: object
) -> None:
    """A try that was cut off begins its blob anew."""
    double.faults[method, part] = [fault, fault]
    push_layout(registry(), layout, API)
    assert double.manifests["acme/api", "sha-1"][0] == layout.data


@pytest.mark.parametrize("part", ["/blobs/uploads/", "/manifests/sha256:", "/manifests/sha-1"])
def test_a_registry_that_is_gone_leaves_no_tag(double: Double, layout: Layout, part: str) -> None:
    double.faults["PUT", part] = [DOWN] * 20
    with pytest.raises(CommandFailedError, match=r"^the registry r\.example does not answer$") as caught:
        push_layout(registry(), layout, API)
    assert caught.value.why == "reset by peer"
    assert "run the same command again" in caught.value.fix
    assert ("acme/api", "sha-1") not in double.manifests


@pytest.mark.parametrize(
    ("retry_after", "tries"), [("7", 3), ("3600", 1), ("Wed, 21 Oct 2026 07:28:00 GMT", 3)]
)
def test_a_registry_is_left_alone_as_long_as_it_asks_within_reason(
    double: Double, monkeypatch: pytest.MonkeyPatch, retry_after: str, tries: int
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    double.faults["GET", "/manifests/"] = [(429, b"", {"Retry-After": retry_after})] * 5
    with pytest.raises(CommandFailedError, match="has had too many requests"):
        registry().read(API)
    assert len(double.calls) == tries
    assert waited == {"7": [7, 7], "3600": []}.get(retry_after, [0.5, 2])


def test_what_does_not_pass_is_not_tried_again(double: Double, layout: Layout) -> None:
    said = errors("DENIED", "permission_denied: write_package")
    double.faults["POST", "/blobs/"] = [(403, said)] * 9
    with pytest.raises(CommandFailedError, match="refuses the login") as caught:
        push_layout(registry(), layout, API)
    assert caught.value.why == "denied: permission_denied: write_package"
    assert len([call for call in writes(double) if call.startswith("POST")]) <= 2


def test_a_layer_of_another_image_of_the_app_is_taken_over(double: Double, layout: Layout) -> None:
    pushing = registry()
    push_layout(pushing, layout, API)
    double.calls.clear()
    push_layout(pushing, layout, WEB)
    posts = [call for call in writes(double) if call.startswith("POST")]
    assert len(posts) == 2
    assert all("mount=sha256%3A" in post and "from=acme/api" in post for post in posts)
    assert not [call for call in writes(double) if call.startswith("PUT /web/blobs")]


@pytest.mark.parametrize("answer", [(202,), (403, errors("DENIED"))])
def test_a_registry_that_takes_nothing_over_gets_the_bytes(
    double: Double, layout: Layout, answer: tuple[object, ...]
) -> None:
    pushing = registry()
    push_layout(pushing, layout, API)
    double.faults["POST", "mount="] = [answer] * 2
    push_layout(pushing, layout, WEB)
    assert double.manifests["acme/web", "sha-1"][0] == layout.data


def test_a_token_that_is_too_old_is_renewed_in_the_middle(double: Double, layout: Layout) -> None:
    double.scheme = "Bearer"
    double.faults["PUT", "/blobs/"] = [
        (401, b"", {"WWW-Authenticate": 'Bearer realm="https://auth.example/token"'})
    ]
    push_layout(registry(), layout, API)
    assert double.manifests["acme/api", "sha-1"][0] == layout.data


def test_a_token_in_place_of_a_password_is_good_for_tokens(double: Double, layout: Layout) -> None:
    double.scheme = "Bearer"
    push_layout(registry(Credentials(HOST, TOKEN, "refresh")), layout, API)
    assert "POST https://auth.example/token" in double.calls


@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_a_login_goes_to_the_registry_and_its_server_of_tokens_alone(
    double: Double, layout: Layout, tmp_path: Path, scheme: str
) -> None:
    double.scheme, double.redirects = scheme, True
    push_layout(registry(), layout, API)
    found = registry().read(API)
    assert found is not None
    pull_layout(registry(), found, f"{HOST}/acme/api", tmp_path / "back")
    assert any("cdn.example" in call for call in double.calls)
    assert {host for host, _ in double.shown} <= {HOST, "auth.example"}


MOVED = (301, b"", {"Location": f"https://{HOST}/v2/acme/new-name?key=s3cret"})


@pytest.mark.parametrize(
    ("method", "part"),
    [("POST", "/blobs/"), ("PUT", "/blobs/"), ("PUT", "/sha256:"), ("PUT", "/sha-1")],
)
@pytest.mark.parametrize("status", [301, 304, 307])
def test_what_is_sent_on_elsewhere_is_not_written(
    double: Double, layout: Layout, method: str, part: str, status: int
) -> None:
    double.faults[method, part] = [(status, *MOVED[1:])] * 20
    with pytest.raises(CommandFailedError, match="failed at"):
        push_layout(registry(), layout, API)
    assert ("acme/api", "sha-1") not in double.manifests


def test_a_tag_that_is_sent_on_elsewhere_is_told(double: Double, layout: Layout) -> None:
    push_layout(registry(), layout, API)
    double.faults["PUT", "/manifests/main"] = [MOVED]
    with pytest.raises(CommandFailedError, match="failed at") as caught:
        registry().tag(f"{HOST}/acme/api@{layout.digest}", f"{HOST}/acme/api:main")
    assert caught.value.why == f"it answered 301, which sends on to https://{HOST}/v2/acme/new-name"
    assert "name the image as the place does" in caught.value.fix


def test_a_layer_is_not_taken_over_where_the_registry_sends_on(double: Double, layout: Layout) -> None:
    pushing = registry()
    push_layout(pushing, layout, API)
    double.faults["POST", "mount="] = [MOVED] * 2
    push_layout(pushing, layout, WEB)
    assert {name for name, _ in double.blobs} == {"acme/api", "acme/web"}


def test_a_server_of_tokens_that_sends_on_is_not_followed(double: Double) -> None:
    double.scheme = "Bearer"
    double.faults["GET", "auth.example"] = [(302, b'{"token": "t"}', {"Location": "https://evil.example/"})]
    with pytest.raises(CommandFailedError, match="failed at") as caught:
        registry().read(API)
    assert caught.value.why == "it answered 302, which sends on to https://evil.example/"


EVIL = (401, b"", {"WWW-Authenticate": 'Bearer realm="https://evil.example/token",service="r"'})


@pytest.mark.parametrize("scheme", ["", "Basic", "Bearer"])
def test_where_blobs_are_kept_is_not_who_says_where_a_login_goes(
    double: Double, layout: Layout, scheme: str
) -> None:
    double.scheme, double.redirects = scheme, True
    push_layout(registry(), layout, API)
    double.faults["GET", "cdn.example"] = [EVIL] * 9
    with pytest.raises(CommandFailedError, match="failed at") as caught:
        registry().read_labels(API, "linux/amd64")
    assert caught.value.why == "cdn.example, where it sends on to: it answered 401"
    assert {host for host, _ in double.shown} <= {HOST, "auth.example"}
    assert not [call for call in double.calls if "evil.example" in call]


def test_a_way_that_leads_back_to_the_registry_from_elsewhere_takes_no_login_along(
    double: Double, layout: Layout
) -> None:
    """Else a store of blobs would choose what is asked of the registry in our name."""
    double.redirects = True
    push_layout(registry(), layout, API)
    double.scheme = "Basic"
    back = {"Location": f"https://{HOST}/v2/acme/secret/manifests/main"}
    double.faults["GET", "cdn.example"] = [(307, b"", back)] * 9
    with pytest.raises(CommandFailedError, match="failed at"):
        registry().read_labels(API, "linux/amd64")
    assert f"GET {back['Location']}" in double.calls
    assert len(double.shown) == 3, "for the index, the manifest and the blob"


def test_an_upload_that_is_sent_elsewhere_takes_no_login_along(double: Double, layout: Layout) -> None:
    double.scheme = "Basic"
    elsewhere = {"Location": "https://elsewhere.example/v2/acme/api/blobs/uploads/session?state=a%2Fb"}
    double.faults["POST", "/blobs/"] = [(202, b"", elsewhere)] * 3
    with pytest.raises(CommandFailedError):
        push_layout(registry(), layout, API)
    assert {host for host, _ in double.shown} == {HOST}


@pytest.mark.parametrize(("method", "part"), [("POST", "/uploads/"), ("GET", "/manifests/")])
def test_nothing_goes_or_comes_without_tls(double: Double, layout: Layout, method: str, part: str) -> None:
    """A registry behind a proxy that does not know of it names itself so; a layer is nobody else's to read."""
    place = {"Location": f"http://{HOST}/v2/acme/api/blobs/uploads/session?state=a%2Fb"}
    double.faults[method, part] = [(202 if method == "POST" else 307, b"", place)] * 9
    with pytest.raises(CommandFailedError, match="failed at") as caught:
        push_layout(registry(), layout, API) if method == "POST" else registry().read(API)
    assert caught.value.why == "it sends on to r.example without TLS"
    assert not [call for call in double.calls if "http://" in call]


@pytest.mark.parametrize(("method", "part"), [("POST", "/uploads/"), ("GET", "/manifests/")])
@pytest.mark.parametrize("place", ["https://[", "https://[x]/y", "//["])
def test_a_place_that_is_no_address_is_told(
    double: Double, layout: Layout, method: str, part: str, place: str
) -> None:
    double.faults[method, part] = [(202 if method == "POST" else 307, b"", {"Location": place})] * 9
    with pytest.raises(CommandFailedError, match="failed at") as caught:
        push_layout(registry(), layout, API) if method == "POST" else registry().read(API)
    assert caught.value.why == "it sends on to what is no address"


def test_no_answer_is_read_whole_whatever_its_size(
    double: Double, layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def content(_: requests.Response) -> bytes:
        pytest.fail("it is read without a bound")

    monkeypatch.setattr(requests.Response, "content", property(content))
    double.scheme, double.redirects = "Bearer", True
    push_layout(registry(), layout, API)
    found = registry().read(API)
    assert found is not None
    pull_layout(registry(), found, f"{HOST}/acme/api", tmp_path / "back")


@pytest.mark.parametrize("realm", ["http://auth.example/token", "ftp://x", ""])
def test_no_token_is_asked_for_without_tls(double: Double, realm: str) -> None:
    double.faults["GET", "/v2/"] = [(401, b"", {"WWW-Authenticate": f'Bearer realm="{realm}"'})]
    with pytest.raises(CommandFailedError, match="failed at") as caught:
        registry().read(API)
    assert "without TLS" in caught.value.why
    assert double.shown == []


def test_without_a_login_the_registrys_own_words_are_told(double: Double) -> None:
    double.scheme = "Basic"
    with pytest.raises(CommandFailedError, match="refuses the login") as caught:
        registry(None).read(API)
    assert caught.value.why == "unauthorized"


@pytest.mark.parametrize("given", [b"", b"a layer", b"a layer" * 30_001, b"A layer" * 30_000])
def test_a_blob_that_is_another_one_is_never_kept(
    double: Double, layout: Layout, tmp_path: Path, given: bytes
) -> None:
    push_layout(registry(), layout, API)
    for key, data in double.blobs.items():
        if len(data) > 10_000:
            double.blobs[key] = given
    found = registry().read(API)
    assert found is not None
    with pytest.raises(CommandFailedError, match="does not answer") as caught:
        pull_layout(registry(), found, f"{HOST}/acme/api", tmp_path / "back")
    assert "is cut off, or something else" in caught.value.why
    blobs = tmp_path / "back" / "blobs" / "sha256"
    assert not [path for path in blobs.iterdir() if path.read_bytes() == given]


def test_a_layout_that_is_altered_while_it_is_sent_is_refused_by_its_digest(
    double: Double, layout: Layout
) -> None:
    [path] = [one for one in (layout.folder / "blobs" / "sha256").iterdir() if one.stat().st_size > 10_000]
    path.write_bytes(b"B layer" * 30_000)
    with pytest.raises(CommandFailedError, match="failed at") as caught:
        push_layout(registry(), layout, API)
    assert caught.value.why == "digest invalid"
    assert double.manifests == {}


def test_a_disk_that_is_full_is_not_the_registrys_fault(
    double: Double, layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push_layout(registry(), layout, API)
    found = registry().read(API)
    assert found is not None
    double.calls.clear()

    @contextlib.contextmanager
    def draft(_: Path) -> Iterator[Full]:
        yield Full()

    monkeypatch.setattr(transfer, "files", SimpleNamespace(draft=draft, is_file=lambda _: False))
    with pytest.raises(OSError, match="No space left on device"):
        pull_layout(registry(), found, f"{HOST}/acme/api", tmp_path / "back")
    asked = [call for call in double.calls if "/blobs/" in call]
    assert len(asked) == len(set(asked)), "none is fetched again"


class Full:
    """A file on a disk without room."""

    def write(self, _: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_layer_that_is_missing_is_the_layouts_fault(double: Double, layout: Layout) -> None:
    [path] = [one for one in (layout.folder / "blobs" / "sha256").iterdir() if one.stat().st_size > 10_000]
    path.unlink()
    with pytest.raises(CommandFailedError, match="is broken") as caught:
        push_layout(registry(), layout, API)
    assert caught.value.why == f"sha256:{path.name} is missing"
    assert len([call for call in double.calls if call.startswith("POST")]) <= 2


def test_a_layer_that_cannot_be_read_is_this_machines_fault(
    double: Double, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(request: requests.PreparedRequest, **more: Any) -> requests.Response:
        """What requests makes of an error while it sends."""
        try:
            return serve(request, **more)
        except OSError as error:
            raise requests.ConnectionError("Connection aborted.") from error

    class Torn(io.FileIO):
        def read(self, _: int | None = -1) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    serve = double.send
    monkeypatch.setattr(double, "send", send)
    monkeypatch.setattr(link, "files", SimpleNamespace(opened=Torn))
    with pytest.raises(OSError, match="Input/output error"):
        push_layout(registry(), layout, API)
    assert len([call for call in double.calls if call.startswith("PUT")]) <= 2


def test_the_labels_of_a_platform_are_read(double: Double, layout: Layout) -> None:
    push_layout(registry(), layout, API)
    assert registry().read_labels(API, "linux/amd64") == {"a": "b"}
    with pytest.raises(CommandFailedError, match="no image for linux/arm64"):
        registry().read_labels(API, "linux/arm64")
    for key in double.blobs:
        double.blobs[key] = b"{}"
    with pytest.raises(CommandFailedError, match="no image for") as caught:
        registry().read_labels(API, "linux/amd64")
    assert "it gave sha256:" in caught.value.why


def test_a_tag_is_one_write(double: Double, layout: Layout) -> None:
    push_layout(registry(), layout, API)
    double.calls.clear()
    registry().tag(f"{HOST}/acme/api@{layout.digest}", f"{HOST}/acme/api:main")
    assert writes(double) == ["PUT /api/manifests/main"]
    assert double.manifests["acme/api", "main"] == (layout.data, INDEX_TYPE)
