"""Evaluates specs: trains and prunes what the store does not have."""
