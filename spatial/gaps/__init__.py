"""What is missing: facility gaps against the standards."""
