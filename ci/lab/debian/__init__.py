"""Debian packages without a Debian host: read the archive's index, resolve, download, unpack to layers."""
