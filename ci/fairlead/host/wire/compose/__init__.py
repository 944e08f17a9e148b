"""What both sides read in a Compose file, by the same eyes: what a service asks for beyond a container of its own."""
