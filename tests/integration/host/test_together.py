"""What shares files of a release, or calls each other otherwise than by HTTP, serves together."""

from __future__ import annotations

import json
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from fairlead.host.engine.engine import Engine
from fairlead.host.run.removal import run_remove
from tests.integration.host.php import php_image
from tests.integration.host.sheet import HEALTHY, Sheet
from tests.integration.host.stage import Stage
from tests.patience import PATIENCE

_BACK = """\
{
	admin off
}
:9000 {
	log {
		output file /static/REVISION.css
	}
	respond "back of REVISION"
}
"""
_FRONT = """\
{
	admin off
}
:8000 {
	root * /static
	@file file
	handle @file {
		file_server
	}
	handle {
		reverse_proxy back:9000
	}
}
"""


def _pair(stage: Stage, number: int) -> Sheet:
    """A front that is the same in each release, before a program that it reaches by its name in its release."""
    sheet = stage.sheet(number)
    sheet.web(text=_FRONT, expect_release=None, together=True, calls=["back"])
    back = {
        "command": ["/caddy", "run", "--config", "/etc/site", "--adapter", "caddyfile"],
        "healthcheck": HEALTHY,
    }
    sheet.service(
        "back",
        "worker",
        together=True,
        definition={**back, "volumes": [{"type": "volume", "source": "static", "target": "/static"}]},
        mounts=[{"file": sheet.file(_BACK.replace("REVISION", sheet.revision[:4])), "target": "/etc/site"}],
    )
    reads = {"type": "volume", "source": "static", "target": "/static", "read_only": True}
    sheet.services["web"]["definition"]["volumes"] = [reads]
    sheet.proxy()
    sheet.extra["release_volumes"] = ["static"]
    sheet.watch = {"window": 0}
    return sheet


def _get(stage: Stage, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{stage.port}{path}", timeout=PATIENCE) as answer:
        return str(answer.read().decode())


def _volumes(stage: Stage) -> set[str]:
    found = Engine.connect().get("/volumes", filters=json.dumps({"name": [stage.app]}))["Volumes"] or []
    return {volume["Name"].removeprefix(f"{stage.app}-") for volume in found}


def test_a_front_meets_the_program_and_the_files_of_its_own_release(stage: Stage) -> None:
    """It is restarted with what it calls, though nothing of it changed; old volumes go with their releases."""
    assert stage.deploy(_pair(stage, 1)).status == "live", stage.events
    assert _get(stage, "/") == "back of 1111"
    assert "back of" not in _get(stage, "/1111.css")
    assert stage.deploy(_pair(stage, 2)).status == "live", stage.events
    assert _get(stage, "/") == "back of 2222"
    assert "back of" not in _get(stage, "/2222.css")
    assert _get(stage, "/1111.css") == "back of 2222", "there is no such file any more"
    assert stage.rollback().status == "live"
    assert _get(stage, "/") == "back of 1111"
    assert "back of" not in _get(stage, "/1111.css")
    assert stage.deploy(_pair(stage, 3)).status == "live"
    assert stage.deploy(_pair(stage, 4)).status == "live"
    assert _volumes(stage) <= {f"{number:06}_static" for number in (1, 3, 4)}
    assert "000004_static" in _volumes(stage)
    run_remove(stage.paths, stage.hear)
    assert _volumes(stage) == set(), "they were no data"


_NGINX = """\
events {}
pid /tmp/nginx.pid;
error_log stderr;
http {
	types { text/css css; }
	access_log off;
	server {
		listen 8000;
		root /var/www/html;
		location / { try_files $uri @php; }
		location @php {
			fastcgi_pass php:9000;
			fastcgi_param SCRIPT_FILENAME /var/www/html/index.php;
			fastcgi_param REQUEST_METHOD $request_method;
		}
	}
}
"""
_FPM = """\
[global]
error_log = /proc/self/fd/2
daemonize = no
[www]
user = www-data
group = www-data
listen = 9000
pm = static
pm.max_children = 2
"""


def _php(stage: Stage, number: int) -> Sheet:
    """The usual two: nginx, and PHP-FPM whose image fills the volume that both mount."""
    sheet = stage.sheet(number)
    sheet.web(text="", expect_release=None, together=True, calls=["php"], image=php_image(""))
    web = sheet.services["web"]
    web["definition"].pop("healthcheck")
    volume = {"type": "volume", "source": "code", "target": "/var/www/html"}
    web["definition"].update(
        image=php_image(""),
        command=["/usr/sbin/nginx", "-c", "/etc/site", "-g", "daemon off;"],
        volumes=[{**volume, "read_only": True}],
    )
    web["gate"], web["mounts"] = "http", [{"file": sheet.file(_NGINX), "target": "/etc/site"}]
    sheet.service(
        "php",
        "worker",
        image=php_image(str(number)),
        together=True,
        definition={
            "image": php_image(str(number)),
            "command": ["/usr/sbin/php-fpm8.4", "-y", "/etc/fpm", "-F"],
            "volumes": [volume],
        },
        mounts=[{"file": sheet.file(_FPM), "target": "/etc/fpm"}],
    )
    sheet.proxy()
    sheet.extra["release_volumes"] = ["code"]
    sheet.watch = {"window": 0}
    return sheet


@pytest.mark.long
def test_php_fpm_and_its_files_are_those_of_the_release(stage: Stage) -> None:
    """Page and style sheet are of one release at any moment, and no request is lost between two."""
    assert stage.deploy(_php(stage, 1)).status == "live", stage.events
    seen: list[tuple[str, str]] = []
    stop = threading.Event()

    def visit() -> None:
        while not stop.wait(0.01):
            seen.append((_get(stage, "/"), _get(stage, "/site.css")))

    with ThreadPoolExecutor(1) as pool:
        visitor = pool.submit(visit)
        try:
            assert stage.deploy(_php(stage, 2)).status == "live", stage.events
        finally:
            stop.set()
        visitor.result()
    assert _get(stage, "/") == "code of 2 at fpm-fcgi"
    assert _get(stage, "/site.css") == "/* css of 2 */"
    pages, styles = zip(*seen, strict=True)
    assert set(pages) <= {"code of 1 at fpm-fcgi", "code of 2 at fpm-fcgi"}
    assert set(styles) <= {"/* css of 1 */", "/* css of 2 */"}
    for expected in ("1", "2", "1"):
        # Both are stopped, and nginx ends where it does not find the program: that has to be there first.
        result = stage.rollback("00000" + expected)
        assert result.status == "live", stage.events
        assert _get(stage, "/") == f"code of {expected} at fpm-fcgi"


@pytest.mark.long
def test_a_front_that_stands_by_has_the_program_that_it_calls(stage: Stage) -> None:
    """What it has open is answered, and a rollback finds both as they were."""
    for number in (1, 2):
        sheet = _pair(stage, number)
        sheet.standby, sheet.standby_memory = 60, 1.0
        assert stage.deploy(sheet).status == "live", stage.events
    engine = Engine.connect()
    names = [f"{stage.app}-000001-{name}-000001-1" for name in ("web", "back")]
    since = [(engine.inspect(name) or {})["State"]["StartedAt"] for name in names]
    assert set(names) <= stage.containers()
    assert stage.rollback().status == "live", stage.events
    assert _get(stage, "/") == "back of 1111"
    assert [(engine.inspect(name) or {})["State"]["StartedAt"] for name in names] == since
