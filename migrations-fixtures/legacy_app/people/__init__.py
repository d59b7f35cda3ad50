"""A user model with e-mail as login and its own table and column names."""
