"""What the docker-compose of this machine says of the same files."""
