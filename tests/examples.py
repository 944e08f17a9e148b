"""How Hypothesis chooses its examples, in every test that uses it."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import HealthCheck, settings


def load_profile(environ: Mapping[str, str]) -> None:
    """The same examples at each run, or with ``FAIRLEAD_FUZZ`` new ones, the more the larger it is.

    A test that passed passes again, on a crowded machine too: nothing is a matter of time.
    """
    steady = settings(
        deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
    )
    fuzz = environ.get("FAIRLEAD_FUZZ")
    if fuzz:
        # An example here costs as much as twenty of the generators with a seed.
        steady = settings(steady, derandomize=False, print_blob=True, max_examples=max(100, int(fuzz) // 20))
    settings.register_profile("fairlead", steady)
    settings.load_profile("fairlead")
