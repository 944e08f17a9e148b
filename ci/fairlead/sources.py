"""What a repository may name as a source: its own files, and variables that are nobody else's.

Whoever writes a repository, or a pull request to one, decides which files and variables are read where it is judged,
built and deployed: on a laptop, in a job with secrets. So a source is confined to the repository once its links are
resolved, is a regular file of a bounded size, and is never a variable of Fairlead's, of the CI's, or of a tool that
speaks for somebody. What lies outside is not opened, so that no error can print it, and no pipe can hang it.
"""

from __future__ import annotations

import errno
import os
import re
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_OUR_PREFIXES = (
    *("FAIRLEAD_", "GITHUB_", "ACTIONS_", "RUNNER_", "INPUT_", "COSIGN_", "SIGSTORE_"),
    *("CI_", "GITLAB_", "BITBUCKET_", "BUILDKITE_", "CIRCLE_", "JENKINS_", "SYSTEM_"),
)
_OURS = frozenset(("GH_TOKEN", "GH_ENTERPRISE_TOKEN", "SSH_AUTH_SOCK"))
_WITHHELD_PREFIXES = (
    *_OUR_PREFIXES,
    *("SSH_", "GPG_", "TRIVY_"),
    *("DOCKER_", "BUILDX_", "BUILDKIT_", "COMPOSE_", "REGISTRY_AUTH"),
    *("AWS_", "AZURE_", "ARM_", "GOOGLE_", "CLOUDSDK_", "GCP_"),
)
_WITHHELD = frozenset(
    ("GH_TOKEN", "GH_ENTERPRISE_TOKEN", "VAULT_TOKEN", "KUBECONFIG", "NETRC", "GIT_ASKPASS")
)
_SECRET_WORDS = ("TOKEN", "PASSWORD", "PASSWD", "SECRET", "KEY", "CREDENTIAL", "AUTH", "CERT", "SOCK")
_CERTIFICATES = (
    *(
        "/etc/ssl/certs",
        "/etc/ssl/cert.pem",
        "/etc/ssl/ca-bundle.pem",
        "/etc/pki/ca-trust",
        "/etc/pki/tls/certs",
    ),
    *("/usr/share/ca-certificates", "/usr/local/share/ca-certificates"),
)
"""Where systems keep the certificates that they trust: public, and what a build behind a proxy needs."""
_LOGIN = re.compile(r"://[^/@\s]*:[^/@\s]+@")
"""An address with a password in it."""
_ELSEWHERE = re.compile(r"(docker-image|https?|git|ssh)://|github\.com/|git@[\w.-]+:")
LAYOUT = "oci-layout://"
_ANY_SIZE = 1 << 62
_NEVER = ("/proc", "/sys", "/dev")


class SourceRefusedError(Exception):
    """A file that a repository may not name; the message says why, and nothing of what is in it."""


def is_withheld(variable: str) -> bool:
    """Whether a variable is Fairlead's, the CI's or a tool's own: no repository may name it as a source."""
    name = variable.strip().upper()
    return name in _WITHHELD or name.startswith(_WITHHELD_PREFIXES)


def is_ours(variable: str) -> bool:
    """Whether a variable is Fairlead's or the CI's own: not even for a program that fetches secrets.

    ``NAME*`` is each that begins so: one of ours among them is enough.
    """
    name = variable.strip().upper()
    if name.endswith("*"):
        start = name[:-1]
        return any(one.startswith(start) or start.startswith(one) for one in (*_OUR_PREFIXES, *_OURS))
    return name in _OURS or name.startswith(_OUR_PREFIXES)


def may_be_passed(variable: str, value: str) -> bool:
    """Whether a variable of the caller's may be handed on as it is, to stand where everybody can read it."""
    name = variable.upper()
    secret = is_withheld(variable) or any(word in name for word in _SECRET_WORDS)
    return not secret and _LOGIN.search(value) is None


def shown_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that compose files may put into their texts: those of somebody else's that are secret left out."""
    return {
        name: value
        for name, value in environ.items()
        if not (is_withheld(name) and any(word in name.upper() for word in _SECRET_WORDS))
    }


def is_elsewhere(context: str) -> bool:
    """Whether a builder takes this for no path of its machine; anything else is one, whatever it looks like."""
    return _ELSEWHERE.match(context) is not None


def context_paths(context: str) -> tuple[str, ...]:
    """The paths at which a builder may look for a context; none where it is elsewhere."""
    if not context.startswith(LAYOUT):
        return () if is_elsewhere(context) else (context,)
    # It cuts off what tells which image of the folder is meant.
    path = context.removeprefix(LAYOUT).partition("@")[0]
    return tuple(dict.fromkeys((path, path.partition(":")[0])))


def real_path(path: str) -> str:
    """A path without links, as far as they can be followed; as it is written where one can't (``/proc/1/root``)."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return os.path.abspath(path)  # noqa: PTH100 - never raises


def repository_of(folder: str) -> str:
    """The root of the repository that a folder is in, its links resolved; the folder itself where there is none."""
    place = real = real_path(folder)
    while not os.path.exists(f"{place}/.git"):  # noqa: PTH110 - never raises, and no import
        above = os.path.dirname(place)  # noqa: PTH120 - same
        if above == place:
            return real
        place = above
    return place


def resolve_source(path: str, homes: Collection[str]) -> str:
    """The path without links, which must lie in one of the homes, or be what all may read. It need not be there.

    Raises:
        SourceRefusedError: it lies elsewhere.
    """
    try:
        real = os.path.realpath(path)
    except (OSError, ValueError) as error:
        raise SourceRefusedError("its path can't be followed") from error
    if any(is_below(real, one) for one in _NEVER):
        raise SourceRefusedError("it is no file, but the machine's own")
    if any(is_below(os.path.normpath(path), one) for one in _CERTIFICATES):
        return real
    home = next((home for home in homes if is_below(real, home)), None)
    if home is None:
        raise SourceRefusedError("it lies outside of the repository")
    if is_gits(real, home):
        raise SourceRefusedError("it is git's own: logins may stand there")
    return real


def check_source(path: str, homes: Collection[str]) -> None:
    """Look at a file without opening it.

    Raises:
        SourceRefusedError: it lies elsewhere, or is no regular file.
        OSError: it is not there, or a folder.
    """
    _check(os.stat(resolve_source(path, homes)), _ANY_SIZE)  # noqa: PTH116 - no import for it


def read_source(path: str, homes: Collection[str], most: int) -> bytes:
    """Read a file of the repository.

    Raises:
        SourceRefusedError: it lies elsewhere, is no regular file, or is too large.
        OSError: it is not there, or can't be read.
    """
    real = resolve_source(path, homes)
    # Without O_NONBLOCK, opening a pipe that nobody writes to never ends.
    handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        _check(os.fstat(handle), most)
        content = stream.read(most + 1)
    if len(content) > most:
        raise SourceRefusedError(_too_large(most))
    return content


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies in it, by its text."""
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def is_gits(path: str, home: str) -> bool:
    """Whether a path in a repository is what git keeps there: no part of a commit, and the logins of the clone are in it."""
    return ".git" in path[len(home.rstrip("/")) :].casefold().split("/")


def _check(found: os.stat_result, most: int) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise SourceRefusedError("it is no regular file")
    if found.st_size > most:
        raise SourceRefusedError(_too_large(most))


def _too_large(most: int) -> str:
    return f"it is larger than {most // 1024} KiB"
