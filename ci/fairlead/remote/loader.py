"""The first thing that runs on the server: take the agent if it is not there yet, then become it.

This file's text travels as the argument of ``python3 -c``, so it must parse on every Python 3 there ever was,
to be able to say that it is too old. Standard input is read without a buffer: what follows belongs to the agent.
"""

import json
import os
import signal
import sys

GREETING_SECONDS = 60
MAX_SIZE = 16 * 1024 * 1024
# Of the conversation (host/wire/names.py). A key that is held to one agent has this loader of its own, for years.
PROTOCOL = 1
# Where the key is held to one agent: the folder that it lies in; `host setup --restrict` writes it here. The words after
# the door's name in the forced command say which key it is and what it may; they are for the agent.
PINNED = ""
PINNED_ROOT = ""
# What the agent may have of the environment there: a client may have had a say in the rest (AcceptEnv).
KEPT = ("HOME", "LOGNAME", "USER", "SHELL", "SSH_CONNECTION", "XDG_RUNTIME_DIR")


# What the client wants to hear with every answer: a start-up file of the server may have printed something like one.
MARK = {}  # type: dict[str, object]


def say(answer: "dict[str, object]") -> None:
    answer["protocol"] = PROTOCOL
    answer.update(MARK)
    # On a line of its own, though the server has printed something without an end before: a terminal's title, say.
    os.write(1, b"\n" + json.dumps(answer).encode("ascii") + b"\n")


def record(what: str) -> None:
    # To the host's log, which who has the key cannot edit. What the agent is asked for, it writes down itself.
    if PINNED:
        import syslog

        words = key_words()
        key = words[words.index("--key") + 1]
        origin = ":".join(os.environ.get("SSH_CONNECTION", "").split()[:2])
        syslog.openlog("fairlead", syslog.LOG_PID, syslog.LOG_AUTH)
        syslog.syslog(syslog.LOG_NOTICE, "{} key={} from={}".format(what, key, origin))


def key_words() -> "list[str]":
    words = list(sys.argv[1:])
    if PINNED and "--key" not in words:
        # A line that an older version wrote.
        words.extend(("--key", "unknown"))
    return words


def refuse(what: str, why: str = "", fix: str = "") -> None:
    record("refused why={}".format(json.dumps(what)))
    say({"agent": "refused", "error": {"what": what, "why": why, "fix": fix, "details": [], "service": None}})
    sys.exit(0)


def read_line() -> "dict[str, object]":
    line = b""
    signal.alarm(GREETING_SECONDS)
    while not line.endswith(b"\n") and len(line) < 4096:
        piece = os.read(0, 1)
        line += piece
        if not piece or not line.startswith(b"{"):
            # Nobody of ours: a file copy, say, to a key that is for deploys.
            record(
                "malformed command={}".format(json.dumps(os.environ.get("SSH_ORIGINAL_COMMAND", "")[:200]))
            )
            sys.exit(1)
    signal.alarm(0)
    greeting = dict(json.loads(line.decode("ascii")))
    if "mark" in greeting:
        MARK["mark"] = str(greeting["mark"])[:64]
    return greeting


def read_pinned() -> str:
    # The one agent that runs here, by its hash; the others that lie beside it are for tasks that began with them.
    try:
        with open(os.path.join(PINNED, "current")) as stream:
            return stream.read().strip()
    except OSError:
        return ""


def read_exactly(size: int) -> bytes:
    content = b""
    while len(content) < size:
        piece = os.read(0, min(size - len(content), 65536))
        if not piece:
            sys.exit(0)
        content += piece
    return content


def store(folder: str, content: bytes) -> None:
    # Unpacked rather than kept as a file, so that Python keeps the compiled modules: 0.2 s less a start.
    # Imported here, as nearly every connection finds the agent there: half of what this process costs.
    import io
    import shutil
    import zipfile

    scratch = "{}.{}".format(folder, os.getpid())
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            archive.extractall(scratch)
            for name in archive.namelist():
                with open(os.path.join(scratch, name), "rb") as stream:
                    os.fsync(stream.fileno())
        os.rename(scratch, folder)
    except OSError:
        shutil.rmtree(scratch, True)
        # Another client may have been faster, with the same content.
        if not os.path.isdir(folder):
            raise


def refuse_other_protocol(spoken: object) -> None:
    # Who says none is of a version that had only one.
    if spoken != PROTOCOL:
        refuse(
            "this Fairlead and the server's are of different versions",
            "this one speaks the protocol {}, the server {}".format(str(spoken)[:20], PROTOCOL),
            "`fairlead host setup --restrict` with this version of Fairlead, as root on the server",
        )


def main() -> None:
    if sys.version_info < (3, 9):
        refuse(
            "Python on the server is {}.{}".format(*sys.version_info[:2]),
            "the agent needs Python 3.9 or newer",
            "install a newer python3 on the server",
        )
    root = PINNED_ROOT or os.environ.get("FAIRLEAD_ROOT") or "/srv/fairlead"
    try:
        wanted = read_line()
        refuse_other_protocol(wanted.get("protocol", 1))
        sha256, size = str(wanted["agent"]), int(str(wanted["size"]))
    except (ValueError, KeyError, RecursionError):
        sha256, size = "", 0
    if len(sha256) != 64 or set(sha256) - set("0123456789abcdef") or not 0 < size <= MAX_SIZE:
        refuse("this is no agent", "its name must be a sha256", "use an unmodified fairlead")
    path = os.path.join(PINNED or os.path.join(root, "agents"), sha256)
    try:
        if PINNED and (sha256 != read_pinned() or not os.path.isdir(path)):
            refuse(
                "this server does not run the agent of this Fairlead",
                "its key is restricted to the agent that was installed on it last as root, and {} is another".format(
                    sha256[:12]
                ),
                "`fairlead host setup --restrict` with this version of Fairlead, as root on the server",
            )
        elif os.path.isdir(path):
            if not PINNED:
                os.utime(path)
            say({"agent": "known"})
        else:
            os.makedirs(os.path.dirname(path), 0o755, True)
            import hashlib

            say({"agent": "wanted"})
            content = read_exactly(size)
            if hashlib.sha256(content).hexdigest() != sha256:
                refuse("the agent arrived damaged", "its sha256 is another", "run the command again")
            store(path, content)
            say({"agent": "stored"})
    except OSError as error:
        refuse(
            "the server cannot keep the agent: {}".format(error.strerror),
            "the deploy user must own {} and its disk must have room".format(root),
            "`fairlead host setup` prints what to run on the server",
        )
    environ = dict(os.environ)
    if PINNED:
        environ = {name: os.environ[name] for name in KEPT if name in os.environ}
        environ.update(PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LANG="C.UTF-8")
    environ["FAIRLEAD_ROOT"] = root
    # Isolated: the server's own PYTHON* variables and site packages have no say in what the agent does.
    command = [sys.executable, "-I", path, "serve"]
    command.extend(key_words())
    os.execve(sys.executable, command, environ)


main()
