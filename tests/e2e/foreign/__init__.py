"""Public stacks that bring a front of their own."""
