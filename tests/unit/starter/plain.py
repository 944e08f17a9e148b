"""A repository that has never heard of Fairlead: a Flask app and its Redis, as a tutorial has them."""

from __future__ import annotations

from pathlib import Path

COMPOSE = """\
services:
  web:
    build: .
    ports:
      - "8000:5000"
    environment:
      REDIS_HOST: redis
    depends_on:
      - redis
  redis:
    image: redis:8
    volumes:
      - data:/data

volumes:
  data:
"""


def make_plain(
    root: Path, compose: str = COMPOSE, *, slug: str = "Acme/guestbook", top: Path | None = None
) -> Path:
    """The repository, or the folder of it that the app lies in; ``top`` is the repository then."""
    git = (top or root) / ".git"
    root.mkdir(parents=True, exist_ok=True)
    git.mkdir(exist_ok=True)
    (git / "config").write_text(f'[remote "origin"]\n\turl = git@github.com:{slug}.git\n')
    (git / "HEAD").write_text("ref: refs/heads/trunk\n")
    (root / "compose.yaml").write_text(compose)
    (root / "Dockerfile").write_text("FROM python:3.13-slim\nCOPY app.py .\n")
    return root


def walk(top: Path) -> list[str]:
    """The fairlead.yaml of a folder, as git would list those of a repository that ignores nothing."""
    return sorted(str(path.relative_to(top)) for path in top.rglob("fairlead.yaml"))
