"""Where secrets and configs take their values from: the repository's own files, and variables that are nobody else's."""

from __future__ import annotations

from os.path import normpath

from fairlead.compose.policy.subject import Fault
from fairlead.sources import SourceRefusedError, check_source, is_below, is_withheld, repository_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairlead.compose.policy.subject import AppCheck, Subject

_MACHINE = ("/proc", "/sys", "/dev")


def foreign_source(subject: Subject) -> Iterator[Fault]:
    """A value from a file that is not the repository's, or from a variable that somebody else's secret is in."""
    for kind in ("secrets", "configs"):
        for name, how in subject.top(kind).items():
            variable, file = str(how.get("environment") or ""), str(how.get("file") or "")
            if variable and is_withheld(variable):
                what = f"{name}: {variable} is Fairlead's, the CI's or a tool's own, not the repository's to give away"
                fix = "hand the value over under a name of its own"
                yield Fault((kind, name, "environment"), what, fix)
            why = _refused(subject, file.replace("$$", "$")) if file else ""
            if why:
                yield Fault((kind, name, "file"), f"{name}: {file} is no source: {why}", _fix(kind))


def _refused(subject: Subject, file: str) -> str:
    """Why a file is no source; empty if it is one, or not there.

    Where Fairlead does not deploy, it is the server's, and judged as the mount that Compose makes of it.
    """
    if not subject.deployed:
        whole = f"/{normpath(f'/{file}').lstrip('/')}"
        return "it is no file, but the machine's own" if any(is_below(whole, one) for one in _MACHINE) else ""
    try:
        check_source(file, [repository_of(str(subject.root or subject.model.directory))])
    except SourceRefusedError as error:
        return str(error)
    except OSError:
        return ""
    return ""


def _fix(kind: str) -> str:
    return (
        "give the value to the deploy: FAIRLEAD_SECRET_<NAME>, or a file in --secrets-dir"
        if kind == "secrets"
        else "name a file of the repository"
    )


APP_CHECKS: dict[str, AppCheck] = {"foreign-source": foreign_source}
