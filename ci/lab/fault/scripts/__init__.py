"""Programs that run on a server of the lab, sent there as text: the standard library alone."""
