"""``api``: takes events from deployers and answers what runs where."""
