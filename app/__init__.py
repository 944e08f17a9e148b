"""The release board: what runs where, since when, by whom; told by the deploys themselves."""
