"""A release as it lies on the host, ready to be started: its bundle, and the Compose projects made from it."""
