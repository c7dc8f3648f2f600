"""Linli's command line, store, API and jobs: translation only."""
