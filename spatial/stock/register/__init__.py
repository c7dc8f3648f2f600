"""The register of stock: its template, its import, what is wrong with a value, duplicates."""

from spatial.stock.register.values import Issue, read_value, read_values

__all__ = ["Issue", "read_value", "read_values"]
