"""What a child process answers for a user's network that a method is to be tried on: here alone its code runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from prunebench import networks
from prunebench.conformance import suitability
from prunebench.datasets import available
from prunebench.networks.own import load
from prunebench.pruning import registry


def suits(method: str, reference: str, dataset: str, data: Path) -> tuple[dict[str, Any], bytes]:
    """Try a method on a user's network in this process, which is a child's, and answer the report.

    Args:
        method: `path/to/file.py:NAME`, or the name of one of the registry or of a package.
        reference: of the function or class that builds the network.
        dataset: whose images it is for.
        data: folder of datasets.
    """
    torch.set_num_threads(1)
    user = ":" in method or method.endswith(".py")
    found = registry.load(method)[1] if user else registry.found(registry.named(method))
    own, about = load(reference), available.describe(dataset, data)
    shape = (about.channels, about.size, about.size)
    subject = suitability.Subject(
        found, lambda: networks.build(own, about.channels, about.classes), shape, about.classes
    )
    return suitability.as_json(*suitability.examine(subject)), b""
