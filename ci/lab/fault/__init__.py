"""Faults for the lab: what can go wrong with a server, a network or a disk, for a while, and undone again.

``plan`` decides which commands bring a fault about and which undo it; ``inflict`` runs them, after it has written
down how to undo them and started a ``guard`` that will, should nobody else.

A skewed clock is one for the server's Python programs, the agent among them: all containers share the clock of this
machine's kernel (a time namespace shifts the monotonic and boot clocks only).
"""
