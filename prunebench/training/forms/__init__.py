"""Executed forms: what runs in the place of a network; weights, digests and checkpoints are the network's."""
