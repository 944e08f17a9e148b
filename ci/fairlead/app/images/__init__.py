"""What the services run: images of ours and of others, what is known of them, and how ours are built."""
