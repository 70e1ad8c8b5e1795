"""What `import prunebench` offers, by use: names, cutting, studies, claims, judging, reading. It translates alone.

Each function puts what a notebook has (a network, tensors, a name) into what the rooms below take. Nothing here trains,
prunes, judges or reads by itself; `prunebench/__init__.py` loads a room when one of its names is used.
"""
