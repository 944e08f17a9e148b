"""The labels on everything that Fairlead starts: how it knows its own containers again, whatever their names."""

from __future__ import annotations

APP = "dev.fairlead.app"
RELEASE = "dev.fairlead.release"
SERVICE = "dev.fairlead.service"
ROLE = "dev.fairlead.role"
HASH = "dev.fairlead.hash"
ROUTES = "dev.fairlead.routes"
"""On what carries internal calls: the services that they go to."""
VARIABLES = "dev.fairlead.variables"
"""On what has values of secrets in its environment: where they lie, a JSON list of paths."""
ONEOFF = "com.docker.compose.oneoff"
PROJECT = "com.docker.compose.project"
