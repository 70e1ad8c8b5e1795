"""The store: outcomes under the digests of their specs, and DVC, which versions the folder.

Bytes in, bytes out: what an outcome means is the runner's business.
"""
