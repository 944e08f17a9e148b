"""The option type of a length of time: ``90s``, ``1h30m``, ``500ms``."""

from __future__ import annotations

import click


class _Duration(click.ParamType[float]):
    """Seconds as a float."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it, or say how it is written."""
        from fairlead.settings.units import parse_duration

        if isinstance(value, float):
            return value
        try:
            return parse_duration(str(value))
        except ValueError:
            self.fail(f"`{value}` is not a length of time: 500ms, 10s, 1m30s, 2h", param, ctx)


DURATION = _Duration()
