"""Datasets: a registry of descriptions that needs no torch, and the loading of images as tensors."""
