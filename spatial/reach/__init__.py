"""Who reaches what on foot: nearest facilities and life circles."""
