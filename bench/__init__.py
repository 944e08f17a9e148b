"""The benchmarks behind ``make bench``: each prints what Fairlead takes beside its floor or peer, in the same run."""
