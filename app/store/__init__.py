"""The board's database: tables, and the few questions asked of them."""
