"""Registries: what is there, what goes there, and the logins for it."""
