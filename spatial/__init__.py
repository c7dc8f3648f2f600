"""Linli's engine: frames and arrays in, frames and arrays out; knows no web and no database."""
