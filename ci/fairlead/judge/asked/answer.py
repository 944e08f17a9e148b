"""What the docker-compose of this machine says about the same files: rule ``compose``.

It is started first and read last, so that it works while the layers of our own do. A disagreement is a finding:
it refuses what they take, or takes what they refuse. Its output is not read, only its verdict: a resolved model
holds secrets.

``ask_compose`` starts, ``Asked.answer`` waits, ``compare`` decides.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from fairlead.findings import Finding, Location
from fairlead.quick.patterns import compile_late
from fairlead.quick.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence
    from contextlib import ExitStack

    from fairlead.composefile.loader import Model
    from fairlead.positions import ValuePath

RULE = "compose"
_SECONDS = 60.0
# What lies on other machines is not fetched because a file says so.
_NOTHING_REMOTE = {"COMPOSE_EXPERIMENTAL_GIT_REMOTE": "false", "COMPOSE_EXPERIMENTAL_OCI_REMOTE": "false"}
_NAME = compile_late(r"[A-Za-z_][A-Za-z0-9_]*")
_ESCAPED = compile_late(r'[\\"$]')
_BACKSLASHED = r"\\\g<0>"
_RULES_OF_COMPOSE = frozenset({
    "yaml", "duplicate-key", "interpolation", "include", "extends", "env-file", "unseen", "schema", "model",
    "compose-too-old", "mixed-limits", "unset-variable",
})  # fmt: skip
"""Rules that tell what Compose may refuse. The others are policy, which it knows nothing of."""
_LOADING = frozenset({"yaml", "duplicate-key", "interpolation", "include", "extends", "env-file", "schema"})
"""Rules that mean to say exactly what Compose says."""


@dataclass(frozen=True)
class Answer:
    """What docker-compose says.

    Attributes:
        version: of the docker-compose that was asked.
        ok: whether it takes the files.
        said: its words, if it refuses them.
    """

    version: str
    ok: bool
    said: str = ""


class Asked:
    """A question that is under way; ``until`` it is answered something is kept. ``why_not`` says why it is none."""

    def __init__(
        self,
        process: subprocess.Popen[bytes] | None = None,  # noqa: TID251 - the type alone
        version: str = "",
        why_not: str = "",
        until: ExitStack | None = None,
    ) -> None:
        self._until = until
        self._process = process
        self._version = version
        self.why_not = why_not
        self._began = time.perf_counter()
        if process is not None:
            import atexit

            # Whatever ends this process before it has answered: it would go on at the cost of a core.
            atexit.register(process.kill)

    @property
    def binary(self) -> str:
        """The docker-compose that is asked; empty where there is none."""
        return str(self._process.args[0]) if self._process is not None else ""  # type: ignore[index]  # a list here

    def drop(self) -> None:
        """Ask no longer."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        self._close()

    def answer(self) -> Answer | None:
        """Wait for what docker-compose says; None, with ``why_not``, if it could not be asked."""
        if self._process is None:
            return None
        import subprocess

        try:
            _out, said = self._process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            self.drop()
            self.why_not = f"docker-compose did not answer within {_SECONDS:g} s"
            return None
        self._close()
        return Answer(self._version, self._process.returncode == 0, said.decode("utf-8", errors="replace"))

    def _close(self) -> None:
        if self._until is not None:
            self._until.close()


def ask_argv(
    compose: Path, files: Sequence[Path], env_files: Sequence[Path], project: str
) -> tuple[str, ...]:
    """The command that says whether docker-compose takes the files, over all profiles."""
    return (
        str(compose),
        *(("--project-name", project) if project else ()),
        *(word for file in env_files for word in ("--env-file", str(file))),
        *(word for file in files for word in ("--file", str(file))),
        *("--profile", "*", "config", "--quiet"),
    )


def ask_compose(
    files: Sequence[Path],
    variables: Mapping[str, str],
    *,
    project: str = "",
    env_files: Sequence[Path] = (),
) -> Asked:
    """Start asking the docker-compose of this machine, without waiting for it.

    Args:
        files: the compose files, in their order.
        variables: for ``${…}``; nothing else of this process's environment reaches the files, and of these no
            login of Fairlead's or the job's.
        project: the project's name; that of the files or their folder if empty.
        env_files: instead of the ``.env`` beside the first file.
    """
    from contextlib import ExitStack

    from fairlead import files as disk
    from fairlead import process
    from fairlead.errors import ToolMissingError
    from fairlead.judge.asked.program import find_docker_compose
    from fairlead.passed import interpolated

    found = find_docker_compose()
    if found is None:
        return Asked(why_not="there is no docker-compose on this machine")
    absolute = [Path(os.path.normpath(file.absolute())) for file in files]
    beside = absolute[0].parent / ".env"
    env_files = env_files or [beside if beside.is_file() else Path(os.devnull)]
    program, version = found
    home = os.environ.get("HOME", "/")
    told = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "PWD": str(absolute[0].parent)}
    passed = interpolated(variables)
    own = {name: value for name, value in passed.items() if os.environ.get(name) == value}
    said = render_variables({name: value for name, value in passed.items() if name not in own})
    with ExitStack() as stack:
        whole = [file.absolute() for file in env_files]
        if said:
            beginning = stack.enter_context(disk.temporary_folder("fairlead-asked-")) / "variables.env"
            disk.create(beginning, said, mode=0o600)
            # Before the others, which may use them, and behind: what fairlead.yaml says counts.
            whole = [beginning, *whole, beginning]
        argv = ask_argv(Path(program), absolute, whole, project)
        try:
            started = process.open_pipes(
                argv, env={**own, **told, **_NOTHING_REMOTE}, inherit=False, cwd=absolute[0].parent
            )
        except ToolMissingError as error:
            return Asked(why_not=error.what)
        return Asked(started, version, until=stack.pop_all())


def render_variables(variables: Mapping[str, str]) -> str:
    """A file of variables as docker-compose reads them; what no such file can hold is left out.

    What a repository says is for ``${…}`` alone. As a variable of the program it could say what that loads and starts:
    ``LD_PRELOAD``, ``PATH``, ``DOCKER_CONFIG``.
    """
    return "".join(
        f'{name}="{_ESCAPED.sub(_BACKSLASHED, value)}"\n'
        for name, value in variables.items()
        if _NAME.fullmatch(name) and "\0" not in value
    )


def compare(answer: Answer, model: Model, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Where docker-compose and the findings disagree."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if not answer.ok:
        if any(finding.rule in _RULES_OF_COMPOSE for finding in errors):
            return ()
        words = refusal_words(answer.said, model)
        what = f"docker-compose {answer.version} refuses the files: {words}"
        fix = "if it is older than that of the hosts, the hosts may take them"
        return (Finding(what, place_of(words, model), fix, RULE),)
    stricter = next((finding for finding in errors if finding.rule in _LOADING), None)
    if stricter is None:
        return ()
    what = f"docker-compose {answer.version} takes the files, although {stricter.what}"
    fix = "an older or newer one may not"
    return (Finding(what, stricter.location, fix, RULE, "note", path=stricter.path),)


def refusal_words(said: str, model: Model) -> str:
    """Why docker-compose refuses the files, on one line, without its log lines and the names of the files."""
    lines = [line.strip() for line in said.splitlines() if not line.startswith("time=")]
    text = " ".join(line for line in lines if line) or "it says nothing"
    for document in model.documents:
        text = text.replace(f"validating {Path(document.path).absolute()}: ", "")
    return text.removesuffix(": invalid compose project")


def place_of(words: str, model: Model) -> Location:
    """The place that docker-compose's words point to: it gives none itself."""
    dotted = re.search(r"\b(?:services|networks|volumes|secrets|configs)(?:\.[\w-]+|\[\w+\])+", words)
    if dotted is not None:
        path = parse_dotted(dotted[0])
        extra = re.search(r"Additional property (\S+) is not allowed", words)
        return model.location((*path, extra[1]), key=True) if extra else model.location(path)
    line = re.search(r"\bline (\d+)", words)
    if line is not None and len(model.documents) == 1:
        return Location(model.documents[0].path, int(line[1]), 1)
    subject = re.search(r'\b(service|network|volume|secret|config) "?([\w.-]+)"?', words)
    if subject is not None:
        return model.location((f"{subject[1]}s", subject[2]), key=True)
    return model.location(())


def parse_dotted(text: str) -> ValuePath:
    """A path as Compose writes it, ``services.web.ports.0`` or ``ports[0]``, as keys and indexes."""
    steps = (step.rstrip("]") for step in text.replace("[", ".").split("."))
    return tuple(int(step) if step.isdigit() else step for step in steps)
