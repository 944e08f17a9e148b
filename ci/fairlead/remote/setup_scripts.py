"""What the set-up script has Python do on the server, where the shell would have to guess. Run as root, no quotes in it.

They travel between single quotes, so none may stand in them.
"""

from __future__ import annotations

WARNING = "warning: "
"""How a line on standard error begins that the user is to see."""

LIVE_RESTORE = """\
if [ "$(docker info --format '{{.LiveRestoreEnabled}} {{.Swarm.LocalNodeState}}' 2>/dev/null)" = "false inactive" ]; then
    python3 -I -c 'if True:
        import json, os
        path = "/etc/docker/daemon.json"
        settings = json.load(open(path)) if os.path.exists(path) else {}
        settings.setdefault("live-restore", True)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w") as file:
            json.dump(settings, file, indent=2)
        os.rename(path + ".new", path)'
    kill -HUP "$(cat /run/docker.pid)"
fi
"""

UNPACK = """if True:
        import hashlib, io, os, sys, zipfile, zlib
        content = zlib.decompress(sys.stdin.buffer.read())
        folder = sys.argv[1]
        assert hashlib.sha256(content).hexdigest() == os.path.basename(folder), "the agent arrived damaged"
        zipfile.ZipFile(io.BytesIO(content)).extractall(folder + ".new")
        os.rename(folder + ".new", folder)"""

# The folder and the file are opened as they are, never through a link: their owner may have laid one.
# The same key with other options, another comment or other blanks gives way; every other line stays as it is.
ADMIT = """if True:
    import os, pwd, sys
    user, options, line, door = sys.argv[1:]
    who = pwd.getpwnam(user)
    home = os.open(who.pw_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.mkdir(".ssh", 0o700, dir_fd=home)
    except FileExistsError:
        pass
    folder = os.open(".ssh", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=home)
    name = "authorized_keys"
    before = b""
    try:
        with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder), "rb") as file:
            before = file.read()
    except FileNotFoundError:
        pass
    blob = line.split()[1].encode()
    kept = [one for one in before.split(b"\\n") if one.strip() and blob not in one.split()]
    guarded = bool(options) or any(door.encode() in one for one in kept)
    owner, group = (0, 0) if guarded else (who.pw_uid, who.pw_gid)
    os.fchown(folder, owner, group)
    os.fchmod(folder, 0o755 if guarded else 0o700)
    lines = kept + [(options + " " + line).strip().encode()]
    try:
        os.unlink(name + ".new", dir_fd=folder)
    except FileNotFoundError:
        pass
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(os.open(name + ".new", flags, 0o600, dir_fd=folder), "wb") as file:
        file.write(b"\\n".join(lines) + b"\\n")
        os.fchown(file.fileno(), owner, group)
        os.fchmod(file.fileno(), 0o644 if guarded else 0o600)
        os.fsync(file.fileno())
    os.rename(name + ".new", name, src_dir_fd=folder, dst_dir_fd=folder)
    others = [one for one in kept if not one.lstrip().startswith(b"#") and door.encode() not in one]
    if guarded and others:
        print("warning: %d other keys of %s open a shell: remove their lines, or restrict them too"
              % (len(others), user), file=sys.stderr)
    if guarded and name + "2" in os.listdir(folder):
        os.chown(name + "2", 0, 0, dir_fd=folder, follow_symlinks=False)
        print("warning: %s has a file authorized_keys2, which sshd reads too: remove it" % user, file=sys.stderr)
"""
