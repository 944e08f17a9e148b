"""Tools that Fairlead drives: what they are, where they are, and how a missing one is fetched."""
