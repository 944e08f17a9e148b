"""What happens: the transaction and its phases, and all else that changes what runs."""
