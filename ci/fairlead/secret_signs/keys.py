"""Keys that their issuer made so that they can be known again: by their beginning, wherever they stand."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_WORD = f"{_LETTERS}_-"
_PATH = f"{_WORD}/."
_BASE64 = f"{_LETTERS}+/=\\ \t\r\n\"',"
"""As a private key is written in a text, in a JSON string or over several lines."""
_LONGEST = 512
_KEYS: tuple[tuple[str, str, int, int], ...] = (
    ("AKIA", "an access key of AWS", 16, 16),
    ("ASIA", "a temporary access key of AWS", 16, 16),
    ("ghp_", "a personal access token of GitHub", 36, 36),
    ("gho_", "an OAuth token of GitHub", 36, 36),
    ("ghu_", "a user token of a GitHub app", 36, 36),
    ("ghs_", "a server token of a GitHub app", 36, 36),
    ("ghr_", "a refresh token of GitHub", 36, 76),
    ("github_pat_", "a personal access token of GitHub", 60, 100),
    ("glpat-", "a personal access token of GitLab", 20, 300),
    ("gldt-", "a deploy token of GitLab", 20, 64),
    ("glrt-", "a runner's token of GitLab", 20, 300),
    ("glptt-", "a trigger token of GitLab", 40, 64),
    ("sk_live_", "a secret key of Stripe", 16, 250),
    ("rk_live_", "a restricted key of Stripe", 16, 250),
    ("whsec_", "a webhook's secret of Stripe", 32, 100),
    ("xoxb-", "a bot token of Slack", 20, 250),
    ("xoxp-", "a user token of Slack", 20, 250),
    ("xoxa-", "a token of Slack", 20, 250),
    ("xoxr-", "a refresh token of Slack", 20, 250),
    ("xoxe-", "a token of Slack", 20, 250),
    ("xapp-", "an app's token of Slack", 20, 250),
    ("npm_", "an access token of npm", 36, 36),
    ("pypi-AgEIcHlwaS5vcmc", "an upload token of PyPI", 50, _LONGEST),
    ("rubygems_", "a key of RubyGems", 48, 48),
    ("dckr_pat_", "a personal access token of Docker Hub", 20, 64),
    ("dckr_oat_", "an organization's access token of Docker Hub", 20, 64),
    ("hvs.", "a token of Vault", 24, 300),
    ("hvb.", "a batch token of Vault", 100, 300),
    ("AGE-SECRET-KEY-1", "a secret key of age", 58, 58),
    ("sk-ant-", "a key of Anthropic", 60, 200),
    ("sk-proj-", "a key of OpenAI", 40, 250),
    ("gsk_", "a key of Groq", 48, 64),
    ("hf_", "a token of Hugging Face", 34, 40),
    ("AIza", "a key of Google's APIs", 35, 35),
    ("GOCSPX-", "a client's secret of Google", 28, 28),
    ("dop_v1_", "a token of DigitalOcean", 64, 64),
    ("doo_v1_", "an OAuth token of DigitalOcean", 64, 64),
    ("glsa_", "a service account's token of Grafana", 32, 64),
    ("glc_", "a token of Grafana Cloud", 32, 400),
    ("shpat_", "an access token of Shopify", 32, 32),
    ("shpss_", "a shared secret of Shopify", 32, 32),
    ("sntrys_", "an organization's token of Sentry", 40, 400),
    ("sntryu_", "a user's token of Sentry", 64, 64),
    ("lin_api_", "a key of Linear", 32, 64),
    ("PMAK-", "a key of Postman", 50, 80),
    ("tskey-", "a key of Tailscale", 20, 100),
    ("ATATT3", "a token of Atlassian", 100, 300),
    ("pul-", "a token of Pulumi", 40, 40),
)
"""How it begins, what it is, and the fewest and the most characters that follow."""
_WEBHOOKS = (
    ("hooks.slack.com/services/T", "a webhook of Slack", 36),
    ("discord.com/api/webhooks/", "a webhook of Discord", 60),
    ("discordapp.com/api/webhooks/", "a webhook of Discord", 60),
    ("webhook.office.com/webhookb2/", "a webhook of Teams", 60),
)
"""Addresses that whoever has them may write to."""
_PLACEHOLDERS = ("EXAMPLE", "XXXX", "YOUR", "1234567", "ABCDEF", "00000", "PLACEHOLDER", "CHANGE", "....")
_FEWEST_KINDS = 6
"""Different characters that a key has at least."""


def find_keys(text: str) -> Iterator[tuple[int, int, str]]:
    """Each key in a text: where it begins and ends, and what it is."""
    for prefix, what, least, most in _KEYS:
        if prefix in text:
            yield from _by_prefix(text, prefix, _WORD, (least, most), what)
    if "https://" in text:
        for prefix, what, least in _WEBHOOKS:
            yield from _by_prefix(text, prefix, _PATH, (least, _LONGEST), what)
    if "eyJ" in text:
        yield from _web_tokens(text)
    if "SG." in text:
        yield from _parted(text, "SG.", (22, 43), "a key of SendGrid")
    if ":AA" in text:
        yield from _bot_tokens(text)
    if "PRIVATE KEY" in text:
        yield from _private_keys(text)


def _by_prefix(
    text: str, prefix: str, alphabet: str, sizes: tuple[int, int], what: str
) -> Iterator[tuple[int, int, str]]:
    at = text.find(prefix)
    while at >= 0:
        begin = at + len(prefix)
        end = begin + _run(text, begin, alphabet)
        if sizes[0] <= end - begin <= sizes[1] and not _goes_on(text, at) and _is_random(text[begin:end]):
            yield at, end, what
        at = text.find(prefix, end)


def _run(text: str, at: int, alphabet: str) -> int:
    """How many characters from an index on are of an alphabet, at most ``_LONGEST`` and one."""
    piece = text[at : at + _LONGEST + 1]
    return len(piece) - len(piece.lstrip(alphabet))


def _goes_on(text: str, at: int) -> bool:
    """Whether the word before an index goes on there."""
    before = text[at - 1 : at] if at else ""
    return before.isalnum() or before == "_"


def _is_random(body: str) -> bool:
    upper = body.upper()
    return len(set(body)) >= _FEWEST_KINDS and not any(word in upper for word in _PLACEHOLDERS)


def _parted(text: str, prefix: str, sizes: tuple[int, int], what: str) -> Iterator[tuple[int, int, str]]:
    """Keys of two parts with a full stop between them, each of so many characters."""
    at = text.find(prefix)
    while at >= 0:
        first = at + len(prefix)
        middle = first + _run(text, first, _WORD)
        end = middle
        if middle - first == sizes[0] and text[middle : middle + 1] == ".":
            end = middle + 1 + _run(text, middle + 1, _WORD)
            if end - middle - 1 == sizes[1] and not _goes_on(text, at) and _is_random(text[first:end]):
                yield at, end, what
        at = text.find(prefix, end)


def _web_tokens(text: str) -> Iterator[tuple[int, int, str]]:
    """JSON Web Tokens: header, claims and signature, of which the first two are JSON."""
    at = text.find("eyJ")
    while at >= 0:
        first = at + _run(text, at, _WORD)
        end = first
        if text[first : first + 4] == ".eyJ" and not _goes_on(text, at):
            second = first + 1
            # Claims may be long: 4 KiB are as much as a header of HTTP may have.
            for _ in range(8):
                size = _run(text, second, _WORD)
                second += size
                if size <= _LONGEST:
                    break
            end = second
            signature = _run(text, second + 1, _WORD) if text[second : second + 1] == "." else 0
            if signature >= 20:
                end = second + 1 + signature
                yield at, end, "a JSON Web Token"
        at = text.find("eyJ", max(end, at + 3))


def _bot_tokens(text: str) -> Iterator[tuple[int, int, str]]:
    """Tokens of Telegram: the bot's number, a colon, 35 characters."""
    at = text.find(":AA")
    while at >= 0:
        end = at + 1 + _run(text, at + 1, _WORD)
        number = text[max(0, at - 10) : at]
        if end - at == 36 and len(number) >= 8 and number[-8:].isdigit():
            yield at - (len(number) if number.isdigit() else 8), end, "a bot's token of Telegram"
        at = text.find(":AA", max(end, at + 3))


def _private_keys(text: str) -> Iterator[tuple[int, int, str]]:
    """Private keys as PEM has them, with something in them."""
    at = text.find("-----BEGIN ")
    while at >= 0:
        head = text.find("PRIVATE KEY", at, at + 60)
        begin = text.find("-----", head, head + 40) + 5 if head >= 0 else -1
        if begin >= 5:
            size = _run(text, begin, _BASE64)
            body = text[begin : begin + size]
            if sum(map(body.count, " \t\r\n\\\"',")) + 32 <= size and _is_random(body):
                stop = text.find("-----END ", begin, begin + 16384)
                yield at, stop if stop >= 0 else begin + size, "a private key"
        at = text.find("-----BEGIN ", max(begin, at + 11))
