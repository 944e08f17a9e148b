"""How long a test waits for what is certain to come: as long as a crowded machine may take. Only a failure takes it."""

PATIENCE = 120.0
