"""The first fairlead.yaml of a repository, inferred by looking at it."""
