"""One environment, on one or several servers: from a checkout to a release that serves."""
