"""A stock-like user model with a UUID as primary key."""
