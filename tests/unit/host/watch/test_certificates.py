from __future__ import annotations

import json

import pytest

from fairlead.host.watch.certificates import explain_certificate

NAME = "board.example.com"


def _line(level: str = "error", logger: str = "tls.obtain", identifier: str = NAME, **told: object) -> str:
    return json.dumps({"level": level, "ts": 1.5, "logger": logger, "identifier": identifier, **told})


# As Let's Encrypt says it, and Caddy writes it.
_SAID = (
    (
        "HTTP 429 urn:ietf:params:acme:error:rateLimited - too many, retry after 2026-12-01 07:00:00 UTC",
        "issued too many lately",
        "retry after 2026-12-01 07:00:00 UTC",
    ),
    (
        "HTTP 400 urn:ietf:params:acme:error:dns - DNS problem: NXDOMAIN looking up A for board.example.com",
        "DNS does not know the name",
        f"make an A or AAAA record for {NAME}",
    ),
    (
        "HTTP 400 urn:ietf:params:acme:error:connection - Timeout during connect (likely firewall problem)",
        "does not find this host",
        "open ports 80 and 443",
    ),
    (
        "HTTP 403 urn:ietf:params:acme:error:unauthorized - 192.0.2.7: Invalid response from http://x/: 404",
        "does not find this host",
        f"let DNS lead {NAME} to this host",
    ),
    (
        "HTTP 403 urn:ietf:params:acme:error:caa - CAA record for board.example.com prevents issuance",
        "CAA record",
        "or remove it",
    ),
    (
        'HTTP 400 urn:ietf:params:acme:error:rejectedIdentifier - Domain name "x" does not end with a public suffix',
        "certifies no such name",
        "public domain",
    ),
    ("HTTP 500 urn:ietf:params:acme:error:serverInternal - oh", "the authority refused", "by itself"),
    (
        'Get "https://acme.example/directory": dial tcp: lookup acme.example: no such host',
        "does not reach the authority",
        "let the host out",
    ),
)


@pytest.mark.parametrize(("said", "why", "fix"), _SAID)
def test_what_the_authority_said_is_told_with_what_to_do(said: str, why: str, fix: str) -> None:
    refusal = explain_certificate(["caddy is here", "{", _line(msg="could not get", error=said)], NAME)
    assert refusal is not None
    assert refusal.why.startswith(f"{NAME} has no certificate: ")
    assert why in refusal.why
    assert said[:100] in refusal.why
    assert fix in str(refusal)


def test_only_the_last_word_on_this_very_name_counts() -> None:
    failed = _line(msg="could not get certificate from issuer", error="HTTP 429 error:rateLimited")
    obtained = _line("info", msg="certificate obtained successfully")
    assert explain_certificate([], NAME) is None
    assert explain_certificate([failed, obtained], NAME) is None
    assert explain_certificate([obtained, failed], NAME) is not None
    assert explain_certificate([failed], "other.example.com") is None
    assert explain_certificate([failed.replace("tls.obtain", "http.log.access")], NAME) is None
    assert explain_certificate(["[1]", '{"logger": {}}', "{" * 5000, "{}"], NAME) is None
