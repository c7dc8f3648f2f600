"""The walking network: streets, walls and gates to immutable arrays."""
