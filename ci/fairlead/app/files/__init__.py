"""What the services are given of the repository's files, and what they keep."""
