from __future__ import annotations

import json
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from app.queue import STREAM
from tests.integration.app.board import Backends, Role, make_document, post, wait_for


class Receiver(ThreadingHTTPServer):
    """A webhook that remembers what it heard; ``statuses`` are answered in turn, then 200, each after ``delay`` seconds."""

    daemon_threads = True

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.began: Counter[str] = Counter()
        self.keys: Counter[str] = Counter()
        self.statuses: list[int] = []
        self.delay = 0.0
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/services/T0/B0/secret"

    def heard_all(self, documents: list[dict[str, Any]]) -> bool:
        return all(self.keys[document["id"]] for document in documents)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = self.headers["Idempotency-Key"]
        self.server.began[key] += 1
        time.sleep(self.server.delay)
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        try:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
        except OSError:
            return
        if status == 200:
            self.server.heard.append(body)
            self.server.keys[key] += 1

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook that listens."""
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def start_worker(
    start: Callable[..., Role], backends: Backends, receiver: Receiver
) -> Iterator[Callable[[], Role]]:
    """Starts workers that tell the receiver; they are gone after the test, and nothing is left to tell before it."""
    workers: list[Role] = []
    with backends.connect() as connection:
        connection.execute("UPDATE events SET notified_at = now() WHERE notified_at IS NULL")
    backends.redis_command("DEL", STREAM)

    def start_one() -> Role:
        environ = {"BOARD_WEBHOOKS": f"team {receiver.url}", "BOARD_WORKER_RECLAIM_SECONDS": "1"}
        workers.append(start("worker", **environ, BOARD_PUBLIC_URL="https://board.example.com"))
        return workers[-1]

    yield start_one
    for worker in workers:
        worker.process.kill()
        worker.wait()


def test_a_webhook_is_told_and_told_again_until_it_hears(
    api: Role, receiver: Receiver, start_worker: Callable[[], Role]
) -> None:
    worker = start_worker()
    receiver.statuses = [500, 429]
    document = make_document()
    post(api, document)
    wait_for("the third try", lambda: receiver.heard_all([document]))
    (notice,) = receiver.heard
    assert notice["text"] == f"{document['app']} · production: 000043 is live"
    assert notice["attachments"][0]["title_link"] == f"https://board.example.com/events/{document['id']}"
    told = [line for line in worker.lines() if line.get("event") == document["id"]]
    assert [line["message"] for line in told][:2] == ["notification retry"] * 2
    assert "secret" not in json.dumps(worker.lines())


def test_a_webhook_that_says_no_is_not_asked_again(
    api: Role, backends: Backends, receiver: Receiver, start_worker: Callable[[], Role]
) -> None:
    start_worker()
    receiver.statuses = [410]
    document = make_document()
    post(api, document)
    with backends.connect() as connection:

        def state() -> tuple[str, int] | None:
            question = "SELECT state, attempts FROM deliveries JOIN events ON seq = event_seq WHERE id = %s"
            return connection.execute(question, (document["id"],)).fetchone()

        assert wait_for("a verdict", state) == ("rejected", 1)
    assert receiver.heard == []


def test_nothing_to_do_is_no_news(api: Role, receiver: Receiver, start_worker: Callable[[], Role]) -> None:
    start_worker()
    quiet, loud = make_document(status="unchanged"), make_document()
    post(api, quiet)
    post(api, loud)
    wait_for("the news", lambda: receiver.heard_all([loud]))
    assert not receiver.keys[quiet["id"]]


def test_no_notification_is_lost_when_workers_are_killed(
    api: Role, receiver: Receiver, start_worker: Callable[[], Role]
) -> None:
    """SIGKILL, three times, each while notifications are on their way: every one arrives in the end."""
    receiver.delay = 0.3
    documents = [make_document() for _ in range(24)]
    for document in documents:
        post(api, document)
    for _ in range(3):
        worker = start_worker()
        receiver.began.clear()
        wait_for("notifications on their way", receiver.began.total)
        worker.process.kill()
        assert worker.wait() == -signal.SIGKILL
    assert not receiver.heard_all(documents)
    start_worker()
    wait_for("every notification", lambda: receiver.heard_all(documents))


@pytest.mark.long
def test_no_notification_is_lost_with_the_queue(
    api: Role, backends: Backends, receiver: Receiver, start_worker: Callable[[], Role]
) -> None:
    """Redis forgets everything; the database has not."""
    document = make_document()
    post(api, document)
    assert backends.redis_command("DEL", STREAM) == ":1\r\n"
    with backends.connect() as connection:
        # As if the lease had run out.
        connection.execute("UPDATE events SET notify_after = now() WHERE id = %s", (document["id"],))
    start_worker()
    wait_for("the notification", lambda: receiver.heard_all([document]))


@pytest.mark.long
def test_the_queue_may_vanish_under_a_worker(
    api: Role, backends: Backends, receiver: Receiver, start_worker: Callable[[], Role]
) -> None:
    start_worker()
    first, second = make_document(), make_document()
    post(api, first)
    wait_for("the first", lambda: receiver.heard_all([first]))
    backends.redis_command("DEL", STREAM)
    post(api, second)
    wait_for("the second", lambda: receiver.heard_all([second]))


def test_sigterm_finishes_the_job_in_hand(
    api: Role, receiver: Receiver, start_worker: Callable[[], Role]
) -> None:
    worker = start_worker()
    receiver.delay = 1
    document = make_document()
    post(api, document)
    wait_for("the notification to begin", lambda: receiver.began[document["id"]])
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0
    assert receiver.keys[document["id"]] == 1
    receiver.delay = 0
    start_worker()
    later = make_document()
    post(api, later)
    wait_for("the next worker", lambda: receiver.heard_all([later]))
    assert receiver.began[document["id"]] == 1
