"""The city dataset: reading, checking, coordinate systems, neighbourhoods."""
