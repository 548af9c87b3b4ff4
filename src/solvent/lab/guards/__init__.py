"""What guards are worth (pairs), and what they did in a run (series, picture)."""
