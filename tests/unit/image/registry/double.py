"""A registry inside the test: an adapter of requests that keeps what is pushed, asks for logins and fails when told to."""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3.response import HTTPResponse

HOST = "r.example"


@dataclass
class Double(BaseAdapter):
    """One registry at ``HOST``, its server of tokens at ``auth.example`` and its store of blobs at ``cdn.example``.

    Attributes:
        scheme: how it asks for a login: "", Basic or Bearer.
        faults: by method and a part of the address: what happens the next times, an answer or an error each.
        calls: method and address of every request.
        shown: the host and the Authorization of every request that had one.
        largest: the most bytes of a body that were asked for at once.
        patience: by call, the seconds to connect and to wait for an answer.
    """

    scheme: str = ""
    password: str = "pa55"
    redirects: bool = False
    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[bytes, str]] = field(default_factory=dict)
    faults: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    shown: list[tuple[str, str]] = field(default_factory=list)
    largest: int = 0
    patience: dict[str, tuple[float, float]] = field(default_factory=dict)
    issued: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, request: requests.PreparedRequest, *_: Any, **more: Any) -> requests.Response:
        """One request after the other, whichever thread it comes from."""
        with self.lock:
            return self._serve(request, **more)

    def _serve(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        url = urlsplit(str(request.url))
        target = f"{request.method} {request.url}"
        self.calls.append(target)
        self.patience[target] = more["timeout"]
        authorization = str(request.headers.get("Authorization", ""))
        if authorization:
            self.shown.append((url.netloc, authorization))
        body = self._read(request.body)
        for (method, part), planned in self.faults.items():
            if planned and method == request.method and part in target:
                fault = planned.pop(0)
                if isinstance(fault, Exception):
                    raise fault
                return self._answer(request, *fault)
        if url.netloc == "auth.example":
            return self._token(request, authorization, body)
        if url.netloc == "cdn.example":
            return self._answer(request, 200, self.blobs[self._only(url.path)])
        if self.scheme and not self._is_let_in(authorization):
            challenge = 'Bearer realm="https://auth.example/token",service="r"'
            asks = challenge if self.scheme == "Bearer" else 'Basic realm="r, e"'
            return self._answer(request, 401, errors("UNAUTHORIZED"), {"WWW-Authenticate": asks})
        answers: dict[str, Callable[..., requests.Response]] = {
            "HEAD": self._head,
            "GET": self._get,
            "POST": self._post,
            "PUT": self._put,
        }
        return answers[str(request.method)](request, url.path, parse_qs(url.query), body)

    def close(self) -> None:
        """Nothing is open."""

    def session(self, *_: object, **__: object) -> requests.Session:
        """In the place of ``open_session``."""
        session = requests.Session()
        session.trust_env = False
        session.mount("https://", self)
        session.mount("http://", self)
        return session

    def _read(self, body: Any) -> bytes:
        if body is None or isinstance(body, bytes | str):
            return (body or b"") if not isinstance(body, str) else body.encode()
        data = b""
        while piece := body.read(1 << 14):
            self.largest = max(self.largest, len(piece))
            data += piece
        return data

    def _is_let_in(self, authorization: str) -> bool:
        kind, _, value = authorization.partition(" ")
        return kind == self.scheme and (kind == "Basic" or value in self.issued)

    def _token(self, request: requests.PreparedRequest, authorization: str, body: bytes) -> requests.Response:
        if not authorization and b"refresh_token=" not in body:
            return self._answer(request, 401, errors("DENIED", "no login"))
        # Any of them will do: blobs are sent side by side, each with the one that its thread was given.
        self.issued.append(f"token{len(self.issued)}")
        return self._answer(request, 200, json.dumps({"token": self.issued[-1]}).encode())

    def _head(self, request: Any, path: str, *_: object) -> requests.Response:
        return self._answer(request, 200 if self._blob(path) in self.blobs else 404)

    def _get(self, request: Any, path: str, *_: Any) -> requests.Response:
        key = self._blob(path)
        if key[1]:
            if key not in self.blobs:
                return self._answer(request, 404, errors("BLOB_UNKNOWN"))
            if self.redirects:
                place = f"https://cdn.example/{key[0]}/{key[1]}"
                return self._answer(request, 307, headers={"Location": place})
            return self._answer(request, 200, self.blobs[key])
        if path == "/v2/":
            return self._answer(request, 200)
        name, version = self._manifest(path)
        found = self.manifests.get((name, version))
        return self._answer(request, 200, found[0]) if found else self._answer(request, 404, errors("X"))

    def _post(self, request: Any, path: str, query: Mapping[str, list[str]], _: bytes) -> requests.Response:
        name = path.removeprefix("/v2/").removesuffix("/blobs/uploads/")
        if query:
            held = self.blobs.get((query["from"][0], query["mount"][0]))
            if held is not None:
                self.blobs[name, query["mount"][0]] = held
                return self._answer(request, 201)
        return self._answer(request, 202, headers={"Location": f"{path}session?state=a%2Fb"})

    def _put(self, request: Any, path: str, query: Mapping[str, list[str]], body: bytes) -> requests.Response:
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        if "/manifests/" in path:
            name, version = self._manifest(path)
            kept = (body, request.headers["Content-Type"])
            self.manifests[name, version] = self.manifests[name, digest] = kept
            return self._answer(request, 201)
        if query["state"] != ["a/b"] or query["digest"] != [digest]:
            return self._answer(request, 400, errors("DIGEST_INVALID"))
        self.blobs[path.removeprefix("/v2/").partition("/blobs/")[0], digest] = body
        return self._answer(request, 201)

    @staticmethod
    def _blob(path: str) -> tuple[str, str]:
        name, _, digest = path.removeprefix("/v2/").partition("/blobs/")
        return name, digest

    @staticmethod
    def _manifest(path: str) -> tuple[str, str]:
        name, _, version = path.removeprefix("/v2/").partition("/manifests/")
        return name, version

    @staticmethod
    def _only(path: str) -> tuple[str, str]:
        name, _, digest = path.strip("/").rpartition("/")
        return name, digest

    @staticmethod
    def _answer(
        request: requests.PreparedRequest,
        status: int,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        answer = requests.Response()
        answer.status_code, answer.reason, answer.url = status, "", str(request.url)
        answer.headers.update(headers or {})
        answer.raw = HTTPResponse(io.BytesIO(body), status=status, preload_content=False)
        answer.request = request
        return answer


def errors(code: str, message: str = "") -> bytes:
    """The body of an answer that is no success."""
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()
