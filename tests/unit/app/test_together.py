"""What of a release belongs together: the shapes of real apps with PHP-FPM, and with files of the image before a front."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.app.split import ReleaseParts
from fairlead.errors import ComposeInvalidError
from tests.unit.app.small import small_app, split_small

_CONF = "server {\n  listen 80;\n  location ~ \\.php$ { fastcgi_pass php:9000; }\n}\n"


def php(
    root: Path, *, volume: str = "{x-fairlead: {lifetime: release}}", more: str = "", front: str = ""
) -> ReleaseParts:
    """Nginx in front of PHP-FPM, which share the code by a volume that the image fills."""
    (root / ".git").mkdir(exist_ok=True)
    (root / "php").mkdir(exist_ok=True)
    (root / "php" / "Dockerfile").write_text("FROM php:8.3-fpm\nCOPY . /var/www/html\nEXPOSE 9000\n")
    (root / "nginx.conf").write_text(_CONF)
    text = f"""\
services:
  php:
    build: {{context: php}}
    volumes: ['code:/var/www/html']
{more}
  web:
    image: nginx:1.27
    ports: ['80:80']
    depends_on: [php]
    volumes: ['code:/var/www/html:ro', './nginx.conf:/etc/nginx/conf.d/default.conf:ro']
{front}
volumes:
  code: {volume}
"""
    return split_small(small_app(root, text, images=("php",)))


def test_php_fpm_rolls_with_the_front_of_its_release(tmp_path: Path) -> None:
    parts = php(tmp_path)
    back, front = parts.services["php"], parts.services["web"]
    assert (back["role"], back["rollout"], front["role"], front["rollout"]) == (
        "worker",
        "switch",
        "app",
        "switch",
    )
    assert (back["together"], front["together"], front["calls"]) == (True, True, ["php"])
    assert parts.routes == {"web": 80}, "the proxy leads to the front, never to FastCGI"
    assert parts.release_volumes == ("code",)
    assert "code" not in parts.volumes


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"volume": "{}"}, "share the volume code"),
        ({"front": "    x-fairlead: {role: proxy}"}, "web stays over releases"),
        (
            {"more": "  migrate:\n    image: php\n    restart: 'no'\n    volumes: ['code:/code']"},
            "a job runs once",
        ),
        ({"volume": "{name: shared, x-fairlead: {lifetime: release}}"}, "a name of its own"),
    ],
)
def test_what_would_serve_old_files_is_refused(tmp_path: Path, fields: dict[str, str], told: str) -> None:
    with pytest.raises(ComposeInvalidError) as raised:
        php(tmp_path, **fields)
    assert any(told in one.what for one in raised.value.findings), raised.value.findings


def test_data_between_an_app_and_its_front_stays(tmp_path: Path) -> None:
    """By its name, or because it is said; nothing is taken for files of an image by itself."""
    kept = php(tmp_path, volume="{x-fairlead: {lifetime: app}}")
    assert ("code" in kept.volumes, kept.release_volumes) == (True, ())
    text = """\
services:
  web: {build: {context: web}, expose: ['80'], volumes: ['media:/app/media']}
  front: {image: 'nginx:1', ports: ['80:80'], volumes: ['media:/media:ro']}
volumes: {media: {}}
"""
    parts = split_small(small_app(tmp_path, text))
    assert ("media" in parts.volumes, parts.release_volumes) == (True, ())
    assert "together" not in parts.services["web"]


def test_plain_tcp_is_reached_within_a_release_where_that_is_said(tmp_path: Path) -> None:
    text = """\
services:
  web: {build: {context: web}, expose: ['80']}
  engine: {build: {context: engine}, expose: ['7000'], x-fairlead: {together: true}}
  far: {build: {context: far}, expose: ['80'], networks: [other]}
networks: {other: {}}
"""
    parts = split_small(small_app(tmp_path, text, images=("web", "engine", "far")))
    assert (parts.services["engine"]["role"], parts.services["web"]["calls"]) == ("worker", ["engine"])
    assert "calls" not in parts.services["far"]
    assert set(parts.routes) == {"web", "far"}
