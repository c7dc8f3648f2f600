"""The demo city: a Chinese city district that does not exist, made from a size and a seed."""

from data.demo.city import make_demo_city, make_demo_city_with_truth

__all__ = ["make_demo_city", "make_demo_city_with_truth"]
