"""The command line of ssh, word for word."""

from __future__ import annotations

import shlex
from pathlib import Path

from fairlead.remote.ssh import Access, keyscan_argv, ssh_argv
from fairlead.settings.values import Host

HOST = Host(user="deploy", name="app.example.com")
ALWAYS = (
    "-o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=10 "
    "-o ServerAliveInterval=15 -o ServerAliveCountMax=4 "
    "-o ForwardAgent=no -o ForwardX11=no -o ClearAllForwardings=yes "
    "-o ControlMaster=no -o ControlPath=none -o PermitLocalCommand=no -o LogLevel=INFO"
)


def test_the_plain_command_line() -> None:
    argv = ssh_argv(Access(HOST), ["python3", "-c", "print('a b')"])
    assert argv == [
        "ssh",
        "-T",
        *ALWAYS.split(),
        "--",
        "deploy@app.example.com",
        shlex.join(["python3", "-c", "print('a b')"]),
    ]


def test_a_known_hosts_file_is_believed_alone_and_never_written() -> None:
    argv = " ".join(ssh_argv(Access(HOST, known_hosts=Path("/repo/deploy/known_hosts")), ["true"]))
    assert (
        '-o UserKnownHostsFile="/repo/deploy/known_hosts" -o GlobalKnownHostsFile=/dev/null -o UpdateHostKeys=no'
        in argv
    )


def test_an_identity_is_used_alone() -> None:
    argv = " ".join(ssh_argv(Access(HOST, identity=Path("/keys/deploy")), ["true"]))
    assert '-o IdentitiesOnly=yes -o IdentityFile="/keys/deploy"' in argv


def test_blanks_and_percent_signs_of_a_path_survive_ssh() -> None:
    argv = ssh_argv(Access(HOST, identity=Path('/a b/100%/"key"')), ["true"])
    assert 'IdentityFile="/a b/100%%/\\"key\\""' in argv


def test_another_port_is_said_and_the_usual_one_is_left_to_the_users_configuration() -> None:
    host = Host(user="", name="2001:db8::1", port=2222)
    assert ssh_argv(Access(host), ["true"])[-5:] == ["-p", "2222", "--", "2001:db8::1", "true"]
    assert "-p" not in ssh_argv(Access(HOST), ["true"])


def test_a_name_cannot_become_an_option() -> None:
    argv = ssh_argv(Access(Host(user="", name="-oProxyCommand=evil")), ["true"])
    assert argv.index("--") == argv.index("-oProxyCommand=evil") - 1


def test_a_server_is_asked_for_its_keys() -> None:
    assert keyscan_argv("app.example.com", 2222) == [
        "ssh-keyscan",
        "-T",
        "5",
        "-p",
        "2222",
        "--",
        "app.example.com",
    ]
