"""Training of classifiers and detectors: recipes as data, resumable at every epoch.

Knows networks, images and recipes; no plan, no row, no store.
"""
