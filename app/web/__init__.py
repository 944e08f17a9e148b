"""``web``: the board as pages, rendered on the server; it asks ``api`` and keeps nothing."""
