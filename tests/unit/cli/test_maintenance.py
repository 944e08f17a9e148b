"""What `fairlead maintenance` makes of what the servers answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from fairlead.cli import maintenance
from fairlead.cli.root import command
from fairlead.errors import CommandFailedError, FairleadError, InputError
from fairlead.host.wire.answer import parse_answer
from fairlead.host.wire.calls import Maintain
from fairlead.host.wire.page import MAX_PAGE, UNASKED
from fairlead.host.wire.replies import MaintenanceAnswer
from fairlead.schemas import load_schema

ON = {
    "on": True,
    "since": 1.5,
    "by": "alice",
    "key": "",
    "retry_after": 60,
    "own_page": True,
    "look": "a" * 32,
    "asked": 1,
    "unseen": [],
}
OFF = {"on": False, "was_on": True, "asked": 1, "unserved": []}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with two servers."""
    (tmp_path / "fairlead.yaml").write_text(
        "app: board\nenvironments: {production: {hosts: [a, b], url: https://board.example.com}}\n"
    )
    (tmp_path / "page.html").write_bytes("\ufeff<p>später</p>".encode())
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Servers:
    """What each server answers, and what all were asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: Mapping[str, Any] | FairleadError) -> None:
        self.asked: Maintain
        self._answers = {
            host: one if isinstance(one, FairleadError) else parse_answer(MaintenanceAnswer, one)
            for host, one in answers.items()
        }
        monkeypatch.setattr("fairlead.rollout.lines.ask_all", self._ask)

    def _ask(self, _place: Any, question: Callable[[Servers], object]) -> Mapping[str, Any]:
        question(self)
        return self._answers

    def maintenance(self, call: Maintain) -> None:
        """As of ``remote.server.Server``."""
        self.asked = call

    def run(self, *words: str) -> tuple[int, dict[str, Any]]:
        """The exit code and the document."""
        done = CliRunner().invoke(command, ["--json", "maintenance", *words])
        if isinstance(done.exception, FairleadError):
            return int(done.exception.exit_code), {"what": done.exception.what}
        document = json.loads(done.stdout)
        Draft202012Validator(load_schema("maintenance")).validate(document)
        return done.exit_code, document


@pytest.mark.usefixtures("project")
def test_the_page_goes_to_every_server(monkeypatch: pytest.MonkeyPatch) -> None:
    servers = Servers(monkeypatch, a=ON, b=ON)
    code, document = servers.run("on", "--page", "page.html", "--retry-after", "60")
    assert (code, document["on"], len(document["hosts"])) == (0, True, 2)
    assert (servers.asked.page, servers.asked.retry_after) == ("<p>später</p>", 60)
    look = servers.asked.look
    assert re.fullmatch("[0-9a-f]{32}", look), "the same for all of them"
    assert servers.run("on")[0] == 0
    assert servers.asked.look != look
    assert (servers.asked.page, servers.asked.retry_after) == ("", 300)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("words", "answers", "code"),
    [
        (["off"], {"a": OFF, "b": OFF}, 0),
        (["off"], {"a": OFF, "b": {**OFF, "unserved": ["https://x/ answered 502"]}}, 4),
        (["on"], {"a": ON, "b": {**ON, "unseen": ["https://x/: did not answer"]}}, 4),
        (["on"], {"a": ON, "b": CommandFailedError("b cannot be reached")}, 4),
    ],
)
def test_it_ends_well_only_where_users_get_what_it_says(
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    answers: dict[str, Mapping[str, Any] | FairleadError],
    code: int,
) -> None:
    assert Servers(monkeypatch, **answers).run(*words)[0] == code


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("word", "answer"), [("on", ON), ("off", OFF)])
def test_it_is_said_where_nobody_could_be_asked(
    monkeypatch: pytest.MonkeyPatch, word: str, answer: Mapping[str, Any]
) -> None:
    """An app without an url: that the page is there is known, and not that users get it."""
    Servers(monkeypatch, a=answer, b={**answer, "asked": 0})
    done = CliRunner().invoke(command, ["--json", "maintenance", word])
    assert done.exit_code == 0
    assert f"b: {UNASKED}" in done.stderr
    assert f"a: {UNASKED}" not in done.stderr


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe", b"x" * (MAX_PAGE + 1)])
def test_what_is_no_page_is_refused_before_any_server_is_asked(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "page.html"
    file.write_bytes(content)
    with pytest.raises(InputError):
        maintenance.read_page(file)


@pytest.mark.parametrize("target", ["/proc/self/environ", "../key", "../keys/key"])
def test_a_page_is_no_link_out_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """In a job it would show the key of the deploy user to everybody."""
    (tmp_path / "key").write_text("a key")
    repository = tmp_path / "app"
    (repository / ".git").mkdir(parents=True)
    monkeypatch.chdir(repository)
    (repository / "page.html").symlink_to(target)
    (repository / "pages").symlink_to("..")
    for page in ("page.html", "pages/key", str(repository / "page.html")):
        with pytest.raises(InputError, match="not read"):
            maintenance.read_page(Path(page))
    (repository / "real.html").write_text("closed")
    (repository / "same.html").symlink_to("real.html")
    assert maintenance.read_page(Path("same.html")) == "closed"
    assert maintenance.read_page(tmp_path / "key") == "a key", "the caller's own word"
