"""How the service speaks HTTP: problems, tags, safe retries, pages, limits, and the route class of every operation."""
