"""Eligibility: rules A01–A17 by policy profile, each finding with clause and evidence."""
