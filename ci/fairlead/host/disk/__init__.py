"""What lies on the host and survives a crash: where it is, and how it is written."""
