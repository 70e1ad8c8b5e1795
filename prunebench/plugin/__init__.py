"""pytest glue: options, hooks, what is selected, and what the parent and the worker processes of a run do.

It translates between pytest and `judging` and decides nothing. Only claims and commands import it.
"""
