"""The server: what an editor says, and what it is told. Judging happens beside the conversation, one app at a time."""

from __future__ import annotations

import asyncio
import os
import traceback
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path
from pygls.workspace import TextDocument

from fairlead import __version__
from fairlead.findings import Finding
from fairlead.lsp.actions import KINDS, code_actions
from fairlead.lsp.apps import Apps, Seen, is_compose_file, look
from fairlead.lsp.completion import completions
from fairlead.lsp.hover import hover
from fairlead.lsp.places import Text
from fairlead.lsp.telling import diagnostics
from fairlead.positions import MAX_BYTES
from fairlead.report.redact import masked
from fairlead.settings.values import FILE_NAME
from fairlead.sources import SourceRefusedError, read_source, real_path, repository_of

_PAUSE = 0.1
"""Seconds: what is typed within is judged together."""
_WATCHED = "**/{.env,*.env,*.yaml,*.yml,Dockerfile*,fairlead-baseline.json}"
_YAML = frozenset((".yaml", ".yml", ".json"))
_TRIGGERS = (" ", "-", "/", ":")


class Server(LanguageServer):
    """``fairlead lsp``. A document is known by its path; what lies on no disk is passed over.

    Args:
        ask: whether docker-compose is asked of files that are saved.
    """

    def __init__(self, *, ask: bool = True) -> None:
        # Whole texts: a library that counts lines as Python does would put a change into the wrong one.
        super().__init__("fairlead", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self._ask = ask
        self._open: dict[Path, str] = {}
        self._seen: dict[Path, tuple[Seen, ...]] = {}
        self._told: dict[Path, list[types.Diagnostic]] = {}
        self._changed: set[Path] = set()
        self._work: asyncio.Task[None] | None = None
        self._register()

    def _register(self) -> None:
        completion = types.CompletionOptions(trigger_characters=list(_TRIGGERS))
        actions = types.CodeActionOptions(code_action_kinds=list(KINDS))
        for name, answer, options in (
            (types.INITIALIZED, self._watch, None),
            (types.TEXT_DOCUMENT_DID_OPEN, self._opened, None),
            (types.TEXT_DOCUMENT_DID_CHANGE, self._edited, None),
            (types.TEXT_DOCUMENT_DID_SAVE, self._edited, None),
            (types.TEXT_DOCUMENT_DID_CLOSE, self._closed, None),
            (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, self._changed_on_disk, None),
            (types.TEXT_DOCUMENT_HOVER, self._hover, None),
            (types.TEXT_DOCUMENT_COMPLETION, self._complete, completion),
            (types.TEXT_DOCUMENT_CODE_ACTION, self._actions, actions),
        ):
            # The library writes attributes on what it is given, which a method does not take.
            self.feature(name, options)(partial(answer))

    # ---- what the editor says -----------------------------------------------------------------------

    async def _watch(self, _params: types.InitializedParams) -> None:
        """Hear of files that others change: an env file is rarely a document of ours."""
        workspace = self.client_capabilities.workspace
        watched = workspace.did_change_watched_files if workspace is not None else None
        if watched is None or not watched.dynamic_registration:
            return
        options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(_WATCHED)])
        asked = types.Registration("files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
        await self.client_register_capability_async(types.RegistrationParams([asked]))

    def _opened(self, params: types.DidOpenTextDocumentParams) -> None:
        path = _path(params.text_document.uri)
        if path is not None:
            self._open[path] = params.text_document.uri
            self._judge([path])

    def _edited(self, params: types.DidChangeTextDocumentParams | types.DidSaveTextDocumentParams) -> None:
        path = _path(params.text_document.uri)
        if path in self._open:
            self._judge([path])

    def _closed(self, params: types.DidCloseTextDocumentParams) -> None:
        path = _path(params.text_document.uri)
        if self._open.pop(path or Path(), None) is not None and path is not None:
            # What others have of it is now what is on the disk.
            self._seen.pop(path, None)
            self._judge([path])

    def _changed_on_disk(self, _params: types.DidChangeWatchedFilesParams) -> None:
        self._judge(self._open)

    async def _hover(self, params: types.HoverParams) -> types.Hover | None:
        await self._settled()
        path = _path(params.text_document.uri)
        if path is None or not self._is_ours(path):
            return None
        text = self._text(path)
        return hover(
            text, text.offset_of(params.position), self._findings(path), is_settings=path.name == FILE_NAME
        )

    def _complete(self, params: types.CompletionParams) -> list[types.CompletionItem]:
        path = _path(params.text_document.uri)
        if path is None or not self._is_ours(path):
            return []
        text = self._text(path)
        return completions(
            text,
            text.offset_of(params.position),
            names=lambda kind: {name for seen in self._parts(path) for name in seen.declared.get(kind, ())},
            is_settings=path.name == FILE_NAME,
        )

    async def _actions(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        await self._settled()
        path = _path(params.text_document.uri)
        if path is None:
            return []
        found, uri = self._findings(path), params.text_document.uri
        asked = (self._text(path), uri, found, params.range, params.context.only)
        return await asyncio.to_thread(code_actions, *asked)

    # ---- judging ------------------------------------------------------------------------------------

    def _judge(self, paths: Iterable[Path]) -> None:
        self._changed |= set(paths)
        if self._changed and self._work is None:
            self._work = asyncio.create_task(self._judge_changed())

    async def _settled(self) -> None:
        """Until what was said so far is judged."""
        if self._work is not None:
            await asyncio.shield(self._work)

    async def _judge_changed(self) -> None:
        while self._changed:
            await asyncio.sleep(_PAUSE)
            changed, self._changed = self._changed, set()
            try:
                # What is typed from here on is judged next; what is said now is about this.
                texts = {
                    path: (self._document(path).source, self._document(path).version) for path in self._open
                }
                unsaved = {str(path): text for path, (text, _) in texts.items() if text != _on_disk(path)}
                looked, failed = await asyncio.to_thread(self._look, self._affected(changed), unsaved)
                # Of one that was closed meanwhile nothing is kept.
                self._seen |= {path: seen for path, seen in looked.items() if path in self._open}
                self._publish(changed, texts)
            except Exception as error:  # noqa: BLE001 - whatever somebody types, the server stays
                failed = [error]
            for fault in failed:
                text = masked("".join(traceback.format_exception(fault)))
                self.window_log_message(types.LogMessageParams(types.MessageType.Error, text))
        self._work = None

    def _affected(self, changed: set[Path]) -> dict[Path, str]:
        """The open documents that what changed is a part of, each with its language."""
        affected = (
            path
            for path in self._open
            if path in changed or any(changed & seen.files for seen in self._seen.get(path, ()))
        )
        return {path: self._document(path).language_id or "" for path in affected}

    def _look(
        self, paths: dict[Path, str], unsaved: dict[str, str]
    ) -> tuple[dict[Path, tuple[Seen, ...]], list[Exception]]:
        """The apps of each document, and what went wrong. Of several documents of one app, it is judged once."""
        looked: dict[Path, tuple[Seen, ...]] = {}
        failed: list[Exception] = []
        known: Apps = {}
        for path, language in paths.items():
            try:
                looked[path] = look(
                    path, unsaved, language=language, ask=self._ask and not unsaved, known=known
                )
            except Exception as error:  # noqa: BLE001 - what is wrong with one document keeps no other back
                failed.append(error)
        return looked, failed

    def _publish(self, changed: set[Path], texts: Mapping[Path, tuple[str, int | None]]) -> None:
        files = {file for seen in self._seen.values() for one in seen for file in one.findings}
        for path in sorted({*files, *self._told, *(changed & self._open.keys())}):
            text, version = texts.get(path) or (_on_disk(path) or "", None)
            told = diagnostics(self._findings(path), self._places(path, text))
            if told == self._told.get(path) and path not in changed:
                continue
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(
                    uri=self._open.get(path) or from_fs_path(str(path)) or "",
                    diagnostics=told,
                    version=version,
                )
            )
            if told:
                self._told[path] = told
            else:
                self._told.pop(path, None)

    # ---- what is known ------------------------------------------------------------------------------

    def _findings(self, path: Path) -> tuple[Finding, ...]:
        """What was found in a file, by whichever app; each once."""
        every = (seen.findings.get(path, ()) for one in self._seen.values() for seen in one)
        return tuple(dict.fromkeys(finding for found in every for finding in found))

    def _parts(self, path: Path) -> list[Seen]:
        """The apps that a file is a part of."""
        return [seen for one in self._seen.values() for seen in one if path in seen.files]

    def _is_ours(self, path: Path) -> bool:
        language = self._document(path).language_id or "" if path in self._open else ""
        return path.name == FILE_NAME or is_compose_file(path, language) or bool(self._parts(path))

    def _document(self, path: Path) -> TextDocument:
        return self.workspace.get_text_document(self._open[path])

    def _text(self, path: Path) -> Text:
        text = self._document(path).source if path in self._open else _on_disk(path) or ""
        return self._places(path, text)

    def _places(self, path: Path, text: str) -> Text:
        return Text(text, self.workspace.position_codec, is_yaml=path.suffix in _YAML)


def _path(uri: str) -> Path | None:
    """The file of a document, the links of its folder followed, as they are for fairlead.yaml; None for one on no disk."""
    folder, name = os.path.split(to_fs_path(uri) or "")
    return Path(real_path(folder), name) if name else None


def _on_disk(path: Path) -> str | None:
    """What a file of the repository holds; None where that can't be read."""
    try:
        return read_source(str(path), [repository_of(str(path.parent))], MAX_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError, SourceRefusedError):
        return None
