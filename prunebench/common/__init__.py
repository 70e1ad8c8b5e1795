"""What every package may use: errors, folders, YAML with line numbers, named randomness, terminal, users' files.

Nothing here knows pruning, and nothing here imports another package of ours.
"""
