"""From figures to verdicts: what a claim observes, what it compares, what it finds, and what is told of it.

Trains nothing; knows nothing of pytest and of the command line.
"""
