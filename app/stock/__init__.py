"""The service of stock: the register, its edits and imports, and what the analysis found."""
