"""``fairlead host``: check, prepare, drain or leave a server."""
