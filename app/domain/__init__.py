"""What the board knows, as values, and what follows from them; no database, no HTTP."""
