"""Who asks, and what is answered: requests, tasks, the command for 3 a.m."""
