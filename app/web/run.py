"""The process of ``web``."""

from __future__ import annotations

from collections.abc import Mapping

from app.lifecycle import Lifecycle, serve
from app.logs import configure_logging
from app.settings import read_web_settings
from app.web.application import make_application


def run(environ: Mapping[str, str]) -> int:
    """Check the settings, then serve until a signal."""
    settings = read_web_settings(environ)
    process = settings.process
    configure_logging("web", process.release, process.log_level)
    lifecycle = Lifecycle()
    return serve(
        make_application(settings, lifecycle), port=process.port, drain=process.drain, lifecycle=lifecycle
    )
