"""The register of stock: its template, its import, what is wrong with a value, duplicates."""

from spatial.stock.register.duplicates import register_duplicates
from spatial.stock.register.read import RegisterImport, read_register
from spatial.stock.register.template import write_register_template
from spatial.stock.register.values import Issue, read_value, read_values

__all__ = [
    "Issue",
    "RegisterImport",
    "read_register",
    "read_value",
    "read_values",
    "register_duplicates",
    "write_register_template",
]
