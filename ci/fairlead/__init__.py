"""Fairlead: from a commit to a live, verified release on a server over SSH."""

__version__ = "0.1.0"
