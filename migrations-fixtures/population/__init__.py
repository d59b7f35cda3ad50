"""Who is in a legacy database, and how they get there."""
