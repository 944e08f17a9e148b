"""From a commit to a release: its identity, its bundle, its secrets, and the plan as text.

Knows nothing of SSH, GitHub or the command line.
"""
