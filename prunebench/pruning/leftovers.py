"""What a method may leave behind in its process, undone: it is a guest."""

from __future__ import annotations

import os
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def undone() -> Iterator[None]:
    """Put back the modes, generators, threads, folder, environment and warnings that were there before.

    Raises:
        RuntimeError: inference mode was left on, which nobody else can end.
    """
    grad, dtype, threads = torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_num_threads()
    inference, strict = torch.is_inference_mode_enabled(), torch.are_deterministic_algorithms_enabled()
    generators = random.getstate(), np.random.get_state(), torch.get_rng_state()
    folder, environment = os.getcwd(), dict(os.environ)
    try:
        with warnings.catch_warnings():
            yield
    finally:
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(dtype)
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict)
        random.setstate(generators[0])
        np.random.set_state(generators[1])
        torch.set_rng_state(generators[2])
        os.chdir(folder)
        if environment != os.environ:
            os.environ.clear()
            os.environ.update(environment)
    if torch.is_inference_mode_enabled() != inference:
        raise RuntimeError("it leaves inference mode on; use `with torch.inference_mode():` around what needs it")
