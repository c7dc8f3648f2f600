"""Detection of stock: one file a sign."""
