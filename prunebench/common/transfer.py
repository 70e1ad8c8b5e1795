"""Pickles of networks for a child process: tensors' contents as they are, where PyTorch makes an archive of each."""

from __future__ import annotations

import io
import pickle
import sys
from typing import Any


def packed(value: Any) -> bytes:
    """Return a pickle of anything, in which the contents of tensors on the CPU are plain bytes."""
    file = io.BytesIO()
    _Pickler(file, pickle.HIGHEST_PROTOCOL).dump(value)
    return file.getvalue()


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        torch = sys.modules.get("torch")
        if (
            torch is None
            or type(value) is not torch.storage.TypedStorage
            or value._untyped_storage.device.type != "cpu"
        ):
            return NotImplemented
        content = value._untyped_storage
        return _storage, (bytes(torch.empty(0, dtype=torch.uint8).set_(content).numpy()), value.dtype)


def _storage(content: bytes, dtype: Any) -> Any:
    import torch

    raw = torch.frombuffer(bytearray(content), dtype=torch.uint8) if content else torch.empty(0, dtype=torch.uint8)
    return torch.storage.TypedStorage(wrap_storage=raw.untyped_storage(), dtype=dtype, _internal=True)  # type: ignore[no-untyped-call]
