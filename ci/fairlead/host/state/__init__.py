"""How an app stands on this host: what serves, whose it is, what stands by, is drained, closed or removed."""
