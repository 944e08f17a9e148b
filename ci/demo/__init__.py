"""The demonstration behind ``make demo``: the whole story of Fairlead, on a throw-away server."""
