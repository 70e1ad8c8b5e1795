"""The pruning methods, one per file: each has `prune(network, ratio, context)`, and its docstring names its source."""
