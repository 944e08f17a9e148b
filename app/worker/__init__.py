"""``worker``: tells webhooks about deploys, tries again until they have heard it, and loses none."""
