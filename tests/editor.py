"""An editor for tests of the language server: pygls' own client, and a real ``fairlead lsp`` behind it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import TypeVar

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from tests.patience import PATIENCE

T = TypeVar("T")


class Editor:
    """One server process. Documents are opened with a text of their own, whatever lies on the disk."""

    def __init__(self, environ: Mapping[str, str], *words: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._news = asyncio.Event()
        self._client = LanguageClient("tests", "1")
        self._told: dict[str, types.PublishDiagnosticsParams] = {}
        self._versions: dict[Path, int] = {}
        self._numbers = count(1)
        self.log: list[str] = []
        self._client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(self._take_diagnostics())
        self._client.feature(types.WINDOW_LOG_MESSAGE)(lambda params: self.log.append(params.message))
        self._client.feature(types.WINDOW_SHOW_MESSAGE)(lambda params: self.log.append(params.message))
        argv = [sys.executable, "-m", "fairlead", "lsp", *words]
        self._wait(self._client.start_io(*argv, env=dict(environ)))
        made = self._wait(
            self._client.initialize_async(types.InitializeParams(capabilities=types.ClientCapabilities()))
        )
        self.capabilities = made.capabilities
        self._client.initialized(types.InitializedParams())

    def stop(self) -> None:
        """Leave as an editor does."""
        self._wait(self._client.shutdown_async(None))
        self._client.exit(None)
        self._wait(self._client.stop())  # type: ignore[no-untyped-call]
        self._loop.close()

    def open(self, path: Path, text: str | None = None, language: str = "yaml") -> list[types.Diagnostic]:
        """What is told about a document when it is opened."""
        text = path.read_text("utf-8") if text is None else text
        self._versions[path] = next(self._numbers)
        item = types.TextDocumentItem(path.as_uri(), language, self._versions[path], text)
        self._client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return self.told(path)

    def type(self, path: Path, text: str) -> None:
        """Another text, without waiting for what is said of it."""
        self._versions[path] = next(self._numbers)
        changed = types.VersionedTextDocumentIdentifier(self._versions[path], path.as_uri())
        whole = types.TextDocumentContentChangeWholeDocument(text)
        self._client.text_document_did_change(types.DidChangeTextDocumentParams(changed, [whole]))

    def change(self, path: Path, text: str) -> list[types.Diagnostic]:
        """What is told about another text, which is not saved."""
        self.type(path, text)
        return self.told(path)

    def close(self, path: Path) -> None:
        """Close a document."""
        del self._versions[path]
        self._client.text_document_did_close(types.DidCloseTextDocumentParams(_id(path)))

    def watched(self, path: Path) -> None:
        """Say that somebody else changed a file, or took it away."""
        changed = types.FileEvent(path.as_uri(), types.FileChangeType.Changed)
        self._client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([changed]))

    def told(self, path: Path) -> list[types.Diagnostic]:
        """The diagnostics of a document as it is now."""
        version = self._versions[path]
        self._until(lambda: (got := self._told.get(path.as_uri())) is not None and got.version == version)
        return list(self._told[path.as_uri()].diagnostics)

    def known(self, path: Path) -> list[types.Diagnostic]:
        """What is told about a file, open or not, once all that was said is judged: an answer waits for that."""
        self.hover(path, 0, 0)
        told = self._told.get(path.as_uri())
        return list(told.diagnostics) if told is not None else []

    def hover(self, path: Path, line: int, character: int) -> str:
        """The Markdown at a place; empty where there is none."""
        asked = types.HoverParams(_id(path), types.Position(line, character))
        got = self._wait(self._client.text_document_hover_async(asked))
        assert got is None or isinstance(got.contents, types.MarkupContent)
        return got.contents.value if got is not None and isinstance(got.contents, types.MarkupContent) else ""

    def complete(self, path: Path, line: int, character: int) -> list[types.CompletionItem]:
        """What can be written at a place."""
        asked = types.CompletionParams(_id(path), types.Position(line, character))
        got = self._wait(self._client.text_document_completion_async(asked))
        assert isinstance(got, (list, tuple))
        return list(got)

    def actions(self, path: Path, line: int, only: Sequence[str] | None = None) -> list[types.CodeAction]:
        """What can be done on a line."""
        place = types.Range(types.Position(line, 0), types.Position(line, 0))
        asked = types.CodeActionParams(_id(path), place, types.CodeActionContext([], only=only))
        got = self._wait(self._client.text_document_code_action_async(asked)) or ()
        return [one for one in got if isinstance(one, types.CodeAction)]

    def _take_diagnostics(self) -> Callable[[types.PublishDiagnosticsParams], None]:
        def take(params: types.PublishDiagnosticsParams) -> None:
            self._told[params.uri] = params
            self._news.set()

        return take

    def _until(self, holds: Callable[[], bool]) -> None:
        async def wait() -> None:
            while not holds():
                self._news.clear()
                await self._news.wait()

        self._wait(wait())

    def _wait(self, something: Awaitable[T]) -> T:
        return self._loop.run_until_complete(asyncio.wait_for(something, PATIENCE))


def _id(path: Path) -> types.TextDocumentIdentifier:
    return types.TextDocumentIdentifier(path.as_uri())


def applied(text: str, edits: Sequence[types.TextEdit]) -> str:
    """A text with an editor's changes made, positions in UTF-16."""
    lines = text.split("\n")
    before = [
        len("\n".join(lines[:number]).encode("utf-16-le")) + 2 * (number > 0) for number in range(len(lines))
    ]
    raw = text.encode("utf-16-le")

    def offset(place: types.Position) -> int:
        return before[place.line] + 2 * place.character

    for edit in sorted(
        edits, key=lambda one: (one.range.start.line, one.range.start.character), reverse=True
    ):
        start, end = offset(edit.range.start), offset(edit.range.end)
        raw = raw[:start] + edit.new_text.encode("utf-16-le") + raw[end:]
    return raw.decode("utf-16-le")
