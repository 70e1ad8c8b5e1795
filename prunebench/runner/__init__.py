"""The runner: computes the specs that the store lacks, on one machine, and shows progress.

It knows specs and outcomes; of the row or claim that they serve it is told words alone, for progress.
"""
