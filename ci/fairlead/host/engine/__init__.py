"""What Docker says and does: its API, its programs, its containers."""
