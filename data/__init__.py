"""Standards, policy profiles, data dictionary and the demo-city generator."""
