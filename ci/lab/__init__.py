"""A production in a box: a registry, servers with a real sshd and a real engine, base images, a vulnerability database.

Everything runs in containers of the local engine and is published on loopback addresses.
Images come from an image registry where one answers, otherwise from Debian packages that are
unpacked and packed again here: no root, no emulation, no package tool of the host.
"""
