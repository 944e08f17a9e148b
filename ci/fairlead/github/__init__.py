"""The door that GitHub Actions comes through: its environment, its log commands, its files, its pull requests."""
