"""A compose app: read with positions, resolved as Compose does, its roles inferred, split into what a server runs."""
