"""Training of classifiers and detectors: recipes as data, resumable at every epoch."""
