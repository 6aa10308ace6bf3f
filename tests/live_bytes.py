"""What a call of a network holds at its peak, counted without computing it."""

from __future__ import annotations

import weakref

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveBytes(TorchDispatchMode):
    """The most bytes that tensors made inside held at one moment. Inside FakeTensorMode it costs neither memory nor time."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = 0
        self._tensors: list[tuple[weakref.ref, int, int]] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor):
                storage = leaf.untyped_storage()
                self._tensors.append((weakref.ref(leaf), storage._cdata, storage.nbytes()))
        self._tensors = [entry for entry in self._tensors if entry[0]() is not None]
        self.peak = max(self.peak, sum({key: size for _, key, size in self._tensors}.values()))
        return result
