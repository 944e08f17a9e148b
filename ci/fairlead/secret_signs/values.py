"""What of a secret's name is no secret: the name of a file, of a method, of a field, or a word for "none"."""

from __future__ import annotations

from fairlead.secret_signs.names import WHOLE, words_of
from fairlead.secret_signs.written import VARIABLE, is_value

_IN_FILES = frozenset(("KEY", "PRIVATEKEY", "CREDENTIAL", "CREDENTIALS"))
"""The last word of names whose value may be a file's name without a folder: nobody's ``PASSWORD`` is."""
_NEVER_IN_FILES = frozenset(("API", "ACCESS", "SECRET", "SESSION", "COOKIE", "HMAC", "WEBHOOK"))
"""What a ``KEY`` is of that is a text, whatever it ends with."""
_SUFFIXES = (
    *(".pem", ".key", ".crt", ".cer", ".der", ".pfx", ".p8", ".p12", ".jks", ".keystore", ".truststore"),
    *(".json", ".yaml", ".yml", ".txt", ".conf", ".asc", ".gpg"),
)
_IN_NAMES = frozenset(f"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./@{VARIABLE}")
_SEPARATORS = dict.fromkeys(map(ord, f"_-./@{VARIABLE}"), " ")
_LONGEST_WORD = 20
_LONGEST_OF_LETTERS = 32
"""Characters in a row that a file's name has at most: a key has more."""
_METHODS = frozenset(
    (
        *("basic", "bearer", "digest", "ntlm", "kerberos", "gssapi", "negotiate", "spnego", "header"),
        *("ldap", "ldaps", "oauth", "oauth2", "openid", "openidconnect", "oidc", "saml", "saml2", "sso"),
        *("plain", "login", "none", "token", "jwt", "jwks", "apikey", "hmac", "password", "anonymous"),
        *("crammd5", "md5", "scram", "scramsha1", "scramsha256", "scramsha512", "saslplain", "saslssl"),
        *("tls", "mtls", "cert", "certificate", "x509", "session", "cookie", "local", "internal", "pam"),
        *("database", "db", "forward", "forwardauth", "github", "gitlab", "google", "azuread", "iam"),
        *("keycloak", "authelia", "authentik", "required", "optional", "native", "htpasswd", "builtin"),
        *("external", "proxy", "default"),
    )
)
"""How somebody is asked who he is, in lower case and without what separates the words."""
_FIELDS = frozenset(("id", "uid", "uuid", "sid", "name"))
"""The last word of a field's name, in which a session or a cookie keeps something."""
_NO_KEYS = ("invalid", "dummy", "fake", "unused", "notused", "not-used", "not_used", "placeholder")
"""How the key of somebody else's API begins that is none: it must only be there."""


def is_secret_value(name: str, text: str) -> bool:
    """Whether what stands, reduced, under a secret's name is a secret."""
    text = unquoted(text)
    if not is_value(text):
        return False
    words = words_of(name)
    last = words[-1] if words else ""
    if _is_file(words, text):
        return False
    if last == "AUTH" and " ".join(words) not in WHOLE:
        return _compact(text) not in _METHODS
    if last == "KEY" and words[-2:-1] in (["SESSION"], ["COOKIE"]):
        return not _is_field(text)
    is_foreign = last in {"APIKEY", "TOKEN"} or words[-2:] == ["API", "KEY"]
    return not (is_foreign and text.lower().startswith(_NO_KEYS))


def unquoted(text: str) -> str:
    """A text without quotes around it, which an item of a list keeps: ``- PASSWORD="x"``."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _compact(text: str) -> str:
    return text.lower().translate(dict.fromkeys(map(ord, "_-. "), ""))


def _is_file(words: list[str], text: str) -> bool:
    """Whether a text is a file's name: by its end, and with nothing in it that was made by chance."""
    if not text.lower().endswith(_SUFFIXES) or not _IN_NAMES.issuperset(text):
        return False
    if "/" not in text and (_IN_FILES.isdisjoint(words[-1:]) or not _NEVER_IN_FILES.isdisjoint(words[-2:-1])):
        return False
    return not any(map(_is_random, text.translate(_SEPARATORS).split()))


def _is_random(word: str) -> bool:
    """Whether a word is longer than one that is read, or has small and capital letters with digits among them."""
    bare = word.rstrip("0123456789")
    return len(word) > (_LONGEST_OF_LETTERS if word.isalpha() else _LONGEST_WORD) or (
        bare.lower() != bare and bare.upper() != bare and any(map(str.isdigit, bare))
    )


def _is_field(text: str) -> bool:
    """Whether a text is the name of a field: small letters, and what such a name ends with."""
    words = text.translate(_SEPARATORS).split()
    return bool(words) and words[-1] in _FIELDS and all(word.isalpha() and word.islower() for word in words)
