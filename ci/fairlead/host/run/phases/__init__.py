"""The steps of a transaction, one module each. Their order is in ``fairlead.host.run.table``."""
