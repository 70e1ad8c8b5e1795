"""The forms of a pruning method, each a file that runs as it is: what `prunebench new-method` writes."""
