"""Planning standards and policies, read from ``data/``: no planning number lives in code."""

from spatial.standards.parameters import Parameter, ParameterSet, read_parameters

__all__ = ["Parameter", "ParameterSet", "read_parameters"]
