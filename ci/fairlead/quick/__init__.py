"""What lets ``fairlead validate`` start quickly: it stands in editors and hooks.

Each does what a library or Python does, and less of it. What it saves, by processor time against
``docker-compose config -q`` (more is faster; with all of them 1.5 or more):

- ``records``: with real dataclasses 0.57 to 0.90;
- ``codecache``: without it 0.65;
- ``yaml_events``: with the whole of PyYAML 0.61 to 0.74;
- ``patterns``: with all of them compiled at the start 0.58 to 0.61;
- ``option_words``: with click for every call 1.2.
"""
