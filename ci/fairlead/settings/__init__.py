"""fairlead.yaml: its values, how it is read, and what is checked beyond its schema."""
