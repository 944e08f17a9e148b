"""``fairlead validate``: the verdict on compose files, and what is mended."""
