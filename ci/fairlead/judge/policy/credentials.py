"""Secrets where others can read them: in Git, or in what the engine tells of a container."""

from __future__ import annotations

from fairlead.app.images.known import short_name
from fairlead.judge.policy.fault import Fault
from fairlead.judge.policy.rule import app_rule, service_rule
from fairlead.judge.policy.signs import is_literal, share_password, signs_of
from fairlead.secret_signs.ways import secret_way

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairlead.judge.policy.signs import Sign
    from fairlead.judge.policy.subject import Subject, View

_READ_FILES = frozenset({"postgres", "mysql", "mariadb", "mongo", "wordpress", "nextcloud", "redmine"})
"""Images that read ``NAME_FILE`` for each variable with a secret."""
_KNOWN_UNLESS: dict[str, tuple[str, ...]] = {
    "minio": ("MINIO_ROOT_PASSWORD", "MINIO_SECRET_KEY", "MINIO_CONFIG_ENV_FILE"),
    "rabbitmq": ("RABBITMQ_DEFAULT_PASS", "RABBITMQ_PASSWORD", "RABBITMQ_LOAD_DEFINITIONS"),
    "mongo-express": ("ME_CONFIG_BASICAUTH_PASSWORD",),
    "emqx": ("EMQX_DASHBOARD__DEFAULT_PASSWORD",),
}
"""Images whose administrator has the password of their documentation unless a variable is given that begins so."""
_CONFIGURED = {"rabbitmq": "/etc/rabbitmq", "emqx": "/opt/emqx/etc"}
"""Where a mount may say otherwise."""
_TAKES = {"mongo-express": "ME_CONFIG_BASICAUTH_PASSWORD_FILE", "emqx": "EMQX_DASHBOARD__DEFAULT_PASSWORD"}
"""The variable to give, if it is not the first with ``_FILE``."""
_FROM_GIT = "take it out, and change it, since Git keeps the old one: "


@service_rule("literal-secret")
def literal_secret(view: View) -> Iterator[Fault]:
    """A secret whose value is written in the file."""
    for sign in signs_of(view):
        if sign.kind == "literal":
            what = f"{_shown(sign)} has its value in this file: whoever reads the repository has it"
            yield Fault(sign.path, what, _FROM_GIT + _instead(view, sign))


@app_rule("literal-secret")
def literal_elsewhere(subject: Subject) -> Iterator[Fault]:
    """The password of a network share among the options of a volume, and a secret among the variables of fairlead.yaml."""
    for name in subject.top("volumes"):
        path = ("volumes", name, "driver_opts", "o")
        node = subject.model.node(path)
        if node is not None and share_password(node.text):
            what = f"the volume {name} has a password in this file: whoever reads the repository has it"
            fix = f"{_FROM_GIT}credentials=/etc/NAME on the server, or ${{VARIABLE:?}}"
            yield Fault(path, what, fix)
    for declared, value, place in subject.declared:
        variable = str(declared[-1])
        if is_literal(variable, value):
            what = f"{variable} has its value in this file: whoever reads the repository has it"
            yield Fault(declared, what, f"{_FROM_GIT}in the service, {secret_way(variable)}", location=place)


@service_rule("default-password")
def default_password(view: View) -> Iterator[Fault]:
    """A secret that everybody knows."""
    for sign in signs_of(view):
        if sign.kind == "known":
            what = f"{_shown(sign)} has a value that everybody tries first"
            yield Fault(sign.path, what, f"make a random one: {_instead(view, sign)}")
    image = short_name(view.reference)
    others = _KNOWN_UNLESS.get(image, ())
    is_given = any(name.startswith(others) for name in view.mapping("environment"))
    if others and not is_given and "entrypoint" not in view.definition and not _is_configured(view, image):
        what = "its administrator has the password that the image's documentation tells"
        variable = _TAKES.get(image, f"{others[0]}_FILE")
        fix = f"give another one: {variable}: " + (
            "/run/secrets/NAME, with secrets: [NAME]" if variable.endswith("_FILE") else "${NAME:?}"
        )
        yield Fault(view.path, what, fix, key=True)


def _is_configured(view: View, image: str) -> bool:
    """Whether a file is mounted, or built in, where the image is configured."""
    folder = _CONFIGURED.get(image)
    mounts = [*view.list("volumes"), *view.list("configs")]
    return folder is not None and (
        view.is_own or any(str(mount.get("target") or "").startswith(folder) for mount in mounts)
    )


@service_rule("secret-in-environment")
def secret_in_environment(view: View) -> Iterator[Fault]:
    """A secret that is in no file, and that the engine shows: in a variable, an argument, a command, an address."""
    files: dict[str, list[Sign]] = {}
    for sign in signs_of(view):
        if sign.kind == "file":
            files.setdefault(sign.file, []).append(sign)
        elif sign.kind == "variable":
            yield Fault(sign.path, _shown_by_engine(sign), _instead(view, sign), key=sign.key)
    for file, signs in files.items():
        names = ", ".join(sign.name for sign in signs[:5])
        names += f" and {len(signs) - 5} more" if len(signs) > 5 else ""
        what = f"{file} gives secrets as variables, which `docker inspect` shows: {names}"
        yield Fault(signs[0].path, what, _instead(view, signs[0]))


@service_rule("secret-as-variable")
def secret_as_variable(view: View) -> Iterator[Fault]:
    """A value of the vault that is given as a variable: kept apart by Fairlead, and shown by the engine."""
    for variable, secret in view.service.secret_environment.items():
        path = view.at("x-fairlead", "secret_environment", variable)
        what = f"{variable} has the value of the secret {secret}: `docker inspect` on the server shows it, and every child process gets it"
        fix = "waive it, with the reason, where the program reads no files"
        if short_name(view.reference) in _READ_FILES:
            what += f"; {short_name(view.reference)} reads a file"
            fix = f"{variable}_FILE: /run/secrets/{secret}, with secrets: [{secret}]"
        yield Fault(path, what, fix, key=True)


def _shown(sign: Sign) -> str:
    """A secret by what takes it."""
    if sign.place == "address":
        return f"the password of an address in {sign.name}" if sign.name else "the password of an address"
    return f"the build argument {sign.name}" if sign.place == "argument" else sign.name


def _shown_by_engine(sign: Sign) -> str:
    if sign.place == "argument":
        return f"the build argument {sign.name} stays readable in the image's history"
    if sign.place == "flag":
        return f"{sign.name} has its value on the command line, which every user of the host can read"
    if sign.place == "address":
        where = f"the address in {sign.name}" if sign.name else "an address in it"
        return (
            f"{where} holds a password: it shows in `docker inspect` and in every log of a failed connection"
        )
    return f"{sign.name} is a secret in a {sign.place}: `docker inspect` shows it, and every child process gets it"


def _instead(view: View, sign: Sign) -> str:
    """What to write: what the image is known to read, and what any image takes."""
    if sign.place == "argument":
        return "use a build secret: RUN --mount=type=secret"
    if sign.place == "flag":
        return "let the program read it from a file below /run/secrets"
    if sign.place == "label":
        return "give it to the program that reads the label, as a file"
    if sign.place == "address":
        return "give host, user and database by variables, and the password by a file"
    name = sign.name
    if short_name(view.reference) in _READ_FILES:
        return f"{name}_FILE: /run/secrets/{name.lower()}, with secrets: [{name.lower()}]"
    fix = f"let it read a file (secrets: [{name.lower()}], at /run/secrets/{name.lower()})"
    if view.subject.deployed:
        return f"{fix}; or, where the program reads none, x-fairlead: {{secret_environment: {{{name}: {name.lower()}}}}}"
    return fix if sign.kind in {"variable", "file"} else f"{fix}, or write ${{{name}:?}}"
