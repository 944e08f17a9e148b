"""What a machine and a repository lack before the first deploy, found out one check at a time."""
