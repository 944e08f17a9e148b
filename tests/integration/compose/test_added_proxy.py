"""What Caddy makes of the Caddyfiles of the proxy that Fairlead adds: real Caddy, generated apps, real requests."""

from __future__ import annotations

import random
import re
import subprocess
import textwrap
from pathlib import Path

import pytest

from fairlead.app.network.addresses import plan_sites
from fairlead.app.network.sites import render_caddyfile
from fairlead.app.remarks import Remarks
from fairlead.cli.help.topics import TOPICS
from fairlead.errors import ComposeInvalidError
from fairlead.host.wire.caddy.snippet import render_switch
from tests.adversary.local_edge import caddy_program
from tests.unit.app.small import small_app, split_small
from tests.unit.app.test_published import write_app

_APPS = 120
_TRUSTED = ("127.0.0.0/8", "2001:db8::/32")


@pytest.fixture(scope="module")
def caddy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program."""
    return caddy_program(tmp_path_factory.mktemp("caddy"))


def test_caddy_takes_the_caddyfile_of_every_generated_app(tmp_path: Path, caddy: Path) -> None:
    """Every address, port, redirect and proxy in front, in one configuration that holds."""
    (tmp_path / "switch.caddy").write_text(render_switch())
    taken = 0
    for number in range(_APPS):
        dice = random.Random(f"caddy-{number}")  # noqa: S311 - seeded cases
        text, environment = write_app(dice)
        if environment["url"] and dice.random() < 0.6:
            environment["trusted_proxies"] = _TRUSTED if not environment["edge"] else ()
            environment["redirects"] = ("www.example.com", "old.example.org")
            environment["domains"] = {"web": ("w.example.com",)}
            environment["hostnames"] = ("b.example.com",)
        try:
            app = small_app(tmp_path, text, **environment)
            split_small(app)
        except ComposeInvalidError:
            continue
        if app.proxy is not None:
            continue
        file = tmp_path / "Caddyfile"
        written = render_caddyfile(plan_sites(app, Remarks(app.files)), app)
        file.write_text(written.replace("/fairlead/switch.caddy", str(tmp_path / "switch.caddy")))
        argv = [str(caddy), "adapt", "--config", str(file), "--adapter", "caddyfile", "--validate"]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (number, done.stderr[-600:], text, environment, written)
        taken += 1
    assert taken > _APPS / 6


def _documented() -> list[str]:
    """The Caddyfiles that docs/proxy.md and `fairlead explain proxy` show."""
    page = Path(__file__).parents[3] / "docs" / "proxy.md"
    blocks = [textwrap.dedent(block) for block in page.read_text().split("```")[1::2] if block[:1] == "\n"]
    told = re.search(r"^    import /fairlead.*?^    \}$", TOPICS["proxy"], re.MULTILINE | re.DOTALL)
    assert told is not None
    return [
        *(block for block in blocks if "proxy_pass" not in block and "real_ip" not in block),
        textwrap.dedent(told[0]),
    ]


@pytest.mark.parametrize("text", _documented())
def test_what_the_page_shows_holds(text: str, tmp_path: Path, caddy: Path) -> None:
    """A Caddyfile to copy, whole or in part, is one that Caddy takes."""
    (tmp_path / "switch.caddy").write_text(render_switch())
    file = tmp_path / "Caddyfile"
    file.write_text(text.replace("/fairlead/switch.caddy", str(tmp_path / "switch.caddy")))
    argv = [str(caddy), "adapt", "--config", str(file), "--adapter", "caddyfile", "--validate"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (text, done.stderr[-600:])
