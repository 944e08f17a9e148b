"""What verbs share: their options, gathered into one argument each, and how they print."""
