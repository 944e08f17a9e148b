"""What lets ``fairlead validate`` start quickly: it stands in editors and hooks.

Each does what a library or Python does, and less of it. What they save, by the processor time of ``config -q`` that
a call takes (0.47 with all of them), or by its instructions (168 million, ``valgrind --tool=callgrind``):

- ``records``: with real dataclasses 1.6 times the time;
- ``codecache``: without it, and so without the expressions that it keeps, 243 million;
- ``patterns``: without the expressions 197 million;
- ``codes``: with ``enum`` 179 million;
- ``yaml_events``: with the whole of PyYAML 1.2 times the time;
- ``option_words``: with click for every call 0.2 s more.

What a good file imports is counted: tests/quick_start.py.
"""
