"""What the client says of hostnames that the edge of a host would refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.settings.load import load_settings


def test_the_client_says_what_the_agent_would_refuse(tmp_path: Path) -> None:
    """A url behind the edge names a host as the agent takes it; else it is told before anything is built."""
    (tmp_path / "compose.yaml").write_text("services: {web: {image: 'web:1'}}\n")
    form = "app: board\nenvironments:\n  a:\n    hosts: [deploy@app.example.com]\n    url: '{}'\n    edge: true\n"
    for url, good in (
        ("https://board.example.com", True),
        ("https://Board.Example.COM/", True),
        ("https://a..b.example.com", False),
        ("https://-a.example.com", False),
        ("http://[::1]", False),
        (f"https://{'a' * 64}.example.com", False),
        ("https://b\u00fccher.example.com", False),
        ("https://board.example.com.", False),
    ):
        (tmp_path / "fairlead.yaml").write_text(form.format(url))
        if not good:
            with pytest.raises(Exception, match=r"fairlead\.yaml"):
                load_settings(tmp_path, {})
            continue
        assert load_settings(tmp_path, {}).environment().url == "https://board.example.com"
