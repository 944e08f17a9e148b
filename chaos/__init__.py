"""``make chaos``: deploys and rollbacks under load while something dies, over and over; what must hold is checked each time."""
