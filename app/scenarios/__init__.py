"""The service of scenarios: what if, answered from states that the worker makes."""
