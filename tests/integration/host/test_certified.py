"""What a deploy says of a certificate that cannot be had."""

from __future__ import annotations

from tests.integration.host.stage import Stage

_CERTIFIED = """\
{
	acme_ca https://127.0.0.1:1/dir
	https_port 8080
	auto_https disable_redirects
	storage file_system /tmp/certificates
}
import /fairlead/switch.caddy
stage.example.com {
	import switch web 8000
}
"""


def test_a_deploy_says_why_its_page_has_no_certificate_and_what_to_do(stage: Stage) -> None:
    """Here: the authority is out of reach. The release stays, and nobody takes it for one that users get."""
    sheet = stage.sheet(1)
    sheet.web()
    sheet.proxy(_CERTIFIED)
    sheet.extra["url"] = f"https://stage.example.com:{stage.port}"
    result = stage.deploy(sheet)
    assert (result.status, result.exit, result.serving) == ("live", 4, "000001")
    told = next(event["text"] for event in stage.events if "stage.example.com has no cert" in str(event))
    assert "this host does not reach the authority (Caddy's log: " in told
    assert "dial tcp 127.0.0.1:1: connect: connection refused" in told
    assert "let the host out" in told
    assert "could not be probed in public" in told
    assert result.error is not None
    assert "users do not get its page: https://stage.example.com" in result.error.what
    assert "this host does not reach the authority" in result.error.why
    assert "let the host out" in result.error.fix
    again = stage.deploy(sheet)
    assert (again.status, again.exit, again.serving) == ("failed", 4, "000001")
    assert "this host does not reach the authority" in f"{again.error}"
