"""prunebench: claim tests for network pruning.

Is a pruned network good because of the weights that it inherits, or only because of its architecture?
"""
