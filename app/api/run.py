"""The process of ``api``."""

from __future__ import annotations

from collections.abc import Mapping

from app.api.application import make_application
from app.lifecycle import Lifecycle, serve
from app.logs import configure_logging
from app.settings import read_api_settings


def run(environ: Mapping[str, str]) -> int:
    """Check the settings, then serve until a signal."""
    settings = read_api_settings(environ)
    process = settings.process
    configure_logging("api", process.release, process.log_level)
    lifecycle = Lifecycle()
    application = make_application(settings, lifecycle)
    return serve(application, port=process.port, drain=process.drain, lifecycle=lifecycle)
