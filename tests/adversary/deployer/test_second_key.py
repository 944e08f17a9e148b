"""Who may hand in a public key tries to get another one in with it, without the restriction."""

from __future__ import annotations

import itertools
import re

import pytest

from fairlead.remote.setup import LIBRARY
from tests.adversary.deployer.guarded import Guarded
from tests.e2e.workbench import on_server

_SHELLS = ("dash", "bash")
_HIDDEN = {
    "a second line": "{first}\n{second}\n",
    "a lone CR": "{first}\r{second}\r",
    "a literal \\n": r"{first}\n{second}",
    "a literal \\n in the comment": r"{first} me\n{second} x",
    "a quote, and the end of a here-document": "{first} me' END_OF_FILE {second}\n",
    "options": 'command="sh" {first}\n',
}


def test_a_second_key_in_the_file_of_the_first_is_not_let_in(guarded: Guarded) -> None:
    r"""A public key file that has a second key behind a newline, CR, NUL, U+2028, a literal `\\n`, a quote or options.

    Holds: the file is refused, or leads to one line of `authorized_keys`, with the restriction, by dash and bash alike.
    """
    first, second = guarded.make_key("first"), guarded.make_key("second")
    other = guarded.make_key("other").with_suffix(".pub").read_text().strip()
    guarded.admit(first)
    guarded.write(f"/home/{guarded.user}/.ssh/authorized_keys", f"# kept\n{other}\n")
    public = {
        name: key.with_suffix(".pub").read_text().strip()
        for name, key in (("first", first), ("second", second))
    }
    taken = 0
    for (what, text), shell in zip(_HIDDEN.items(), itertools.cycle(_SHELLS)):
        file = guarded.folder / "hostile.pub"
        file.write_text(text.format(**public), newline="")
        rendered = guarded.render(file, "--restrict")
        if rendered.code != 0:
            assert rendered.code == 2, (what, rendered)
            continue
        taken += 1
        done = guarded.run_as_root(rendered.stdout, shell)
        assert done.code == 0, (what, done)
        *others, line = guarded.allowed()
        assert others == ["# kept", other], what
        assert line.startswith(f'restrict,command="python3 -I {LIBRARY}/door --key SHA256:'), what
        assert re.fullmatch(r'[^"]*"[^"]*" ssh-ed25519 \S+( [A-Za-z0-9@._-]+)?', line), what
    assert taken, "none was tried on the server"
    assert not guarded.gets_in(second)
    assert guarded.gets_in(first)
    assert "uid=" not in guarded.run_shell(first)


def test_the_list_of_keys_belongs_to_root(guarded: Guarded) -> None:
    """As the deploy user, by whatever gives a process of that user: write another key into `authorized_keys`.

    Holds: with a restricted key the file and its folder belong to root, and sshd takes them all the same.
    """
    key = guarded.make_key("key")
    guarded.admit(key)
    home = f"/home/{guarded.user}/.ssh"
    attempts = f"echo x >>{home}/authorized_keys; rm -f {home}/authorized_keys; touch {home}/authorized_keys2; ls {home}"
    left = on_server(guarded.server, "sh", "-c", attempts, user=guarded.user, check=False)
    assert left.split() == ["authorized_keys"]
    assert len(guarded.allowed()) == 1
    assert guarded.gets_in(key)


@pytest.mark.parametrize("name", [".ssh", ".ssh/authorized_keys"])
def test_root_follows_no_link_of_the_user_s(guarded: Guarded, name: str) -> None:
    """The deploy user lays a link where root will write the list of keys: `~/.ssh` or the file in it.

    Holds: the set-up stops at the link, and what it points to is as it was.
    """
    key = guarded.make_key("key")
    rendered = guarded.render(key.with_suffix(".pub"), "--restrict")
    assert guarded.run_as_root(rendered.stdout).code == 0
    at = f"/home/{guarded.user}/{name}"
    on_server(guarded.server, "sh", "-c", f"mkdir -p /run/target/x; rm -rf {at}; ln -s /run/target {at}")
    try:
        done = guarded.run_as_root(rendered.stdout)
        assert done.code != 0, done
        assert on_server(guarded.server, "ls", "-A", "/run/target").split() == ["x"]
        assert on_server(guarded.server, "stat", "-c", "%U", "/run/target").strip() == "root"
    finally:
        on_server(guarded.server, "rm", "-rf", "/run/target", at)
