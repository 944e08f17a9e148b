"""What will happen and why, or why not: decided before anything is touched."""
