"""What is told of the command line itself: its topics, and the page of the docs."""
