"""Build secrets, before a Dockerfile prints them."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.report.redact import redact
from fairlead.settings.images import BuildSecret

_LARGEST = 16 << 10
"""Bytes: what is larger is a bundle of certificates, and no secret."""


def redact_build_secrets(secrets: tuple[BuildSecret, ...], environ: Mapping[str, str]) -> None:
    """Have the values of build secrets masked wherever the build's output is printed or written."""
    for secret in secrets:
        if secret.env and environ.get(secret.env):
            redact(environ[secret.env])
        elif secret.file is not None and secret.file.is_file() and secret.file.stat().st_size <= _LARGEST:
            redact(secret.file.read_text(encoding="utf-8", errors="replace"))
