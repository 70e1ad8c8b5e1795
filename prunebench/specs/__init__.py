"""Specs: what is trained and pruned as frozen values, and the digests that name their outcomes.

Values only: nothing here trains, loads data or builds a network. A change of a digest orphans stored outcomes.
"""
