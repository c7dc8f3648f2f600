"""How a siting problem is solved: as arrays, by search, by prices, and by whole programmes."""
