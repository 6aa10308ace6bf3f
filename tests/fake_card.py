"""A CUDA device that is not there: real numbers, computed on the processor, that call themselves "cuda".

Inside `fake_card()` tensors made on or moved to "cuda" are `OnCard`. As a real card does, every operation refuses operands of
two devices (a number without dimensions from the host may join an elementwise one, and indices may come from there), and
`numpy()` refuses what lies on the card. Dtypes are checked by the processor's own kernels, which refuse to mix them as a card's
do. Unlike torch's FakeTensorMode it knows the numbers, so that whole jobs run, whose code looks at them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

CUDA, HOST = torch.device("cuda", 0), torch.device("cpu")
MEMORY = 80_000_000_000  # bytes that the card says are free
MOVES = {"copy_", "_to_copy"}
INDEXED = {"index", "index_put", "index_put_", "_unsafe_index", "_unsafe_index_put", "_index_put_impl_"}
"""Operations whose index tensors may lie on the host."""
ANSWERS = {"_local_scalar_dense", "equal", "is_nonzero"}
"""Operations that give Python a number, for which the host waits until the card is done."""


COMPOSED = {torch.nn.functional.scaled_dot_product_attention, torch.where, torch.Tensor.where}
"""Functions whose C++ makes more tensors where it believes that the operands are."""


class MixedDevices(RuntimeError):
    """What a card would have refused."""


class OnCard(torch.Tensor):
    """A tensor that lies on the fake card; `host` holds its numbers.

    To torch's own C++ it is a "meta" tensor, without numbers: a build without CUDA cannot even name a CUDA tensor's device in
    every place.
    """

    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, host: torch.Tensor, traffic: list[str]) -> OnCard:
        return torch.Tensor._make_wrapper_subclass(
            cls,
            host.shape,
            strides=host.stride(),
            storage_offset=host.storage_offset(),
            dtype=host.dtype,
            device="meta",
            requires_grad=False,
        )

    def __init__(self, host: torch.Tensor, traffic: list[str]) -> None:
        self.host, self.traffic = host, traffic

    @property
    def device(self) -> torch.device:
        return CUDA

    @property
    def is_cuda(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"OnCard({self.host})"

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        first = next(leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, OnCard))
        return run_on_card(func, args, kwargs or {}, first.traffic)


def is_cuda(device: object) -> bool:
    return device is not None and torch.device(device).type == "cuda"


def run_on_card(func, args: tuple, kwargs: dict, traffic: list[str]):
    """`func` on the processor; its result lies on the card when its operands do, or when it was asked for there.

    Whatever crosses between host and card is added to `traffic`, by the name of the operation.
    """
    name, asked = func._overloadpacket.__name__, kwargs.get("device")
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    here = [tensor for tensor in tensors if isinstance(tensor, OnCard)]
    strangers = [tensor for tensor in tensors if not isinstance(tensor, OnCard)]
    if any(tensor.is_meta for tensor in strangers) and here:
        raise AssertionError(f"{func}: C++ made a tensor of its own; add the function that was called to Naming")
    to_card = bool(here) if asked is None else is_cuda(asked)
    if name in MOVES:
        if (strangers and to_card) or (here and not to_card) or (name == "copy_" and here and strangers):
            traffic.append(name)
    elif here:
        scalars_may_join = torch.Tag.pointwise in func.tags
        if name not in INDEXED and any(tensor.dim() > 0 or not scalars_may_join for tensor in strangers):
            raise MixedDevices(f"{func}: operands on {[str(tensor.device) for tensor in tensors]}")
        if name in ANSWERS:
            traffic.append(name)
    generator = kwargs.get("generator")
    if generator is not None and (generator.device.type == "cuda") != to_card:
        raise MixedDevices(f"{func}: a generator on {generator.device}")
    if asked is not None:
        kwargs = {**kwargs, "device": HOST, "pin_memory": False} if "pin_memory" in kwargs else {**kwargs, "device": HOST}
    host_args, host_kwargs = tree_map_only(OnCard, lambda tensor: tensor.host, (args, kwargs))
    result = func(*host_args, **host_kwargs)
    if func._schema.is_mutable and name.endswith("_"):
        return args[0]
    return tree_map_only(torch.Tensor, lambda tensor: OnCard(tensor, traffic), result) if to_card else result


class Making(TorchDispatchMode):
    """Operations without an operand on the card, which may be asked to make one there."""

    def __init__(self, traffic: list[str]) -> None:
        super().__init__()
        self.traffic = traffic

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if is_cuda(kwargs.get("device")) or OnCard in types:
            return run_on_card(func, args, kwargs, self.traffic)
        return func(*args, **kwargs)


class Naming(TorchFunctionMode):
    """Calls whose C++ part would look for the card itself, said in other words."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in (torch.tensor, torch.as_tensor) and is_cuda(kwargs.get("device")):
            return func(*args, **{**kwargs, "device": None}).to(CUDA)
        if func is torch.Tensor.to:
            like = kwargs.get("other", args[1] if len(args) > 1 else None)
            if isinstance(like, torch.Tensor):
                return moved(args[0], like.device, like.dtype, None)
            named = {key: value for key, value in kwargs.items() if key != "copy"}
            device, dtype, _, memory_format = torch._C._nn._parse_to(*args[1:], **named)
            return moved(args[0], device, dtype, memory_format)
        if func in COMPOSED and isinstance(args[0], OnCard):
            if not all(
                isinstance(leaf, OnCard) or leaf.dim() == 0
                for leaf in tree_leaves((args, kwargs))
                if isinstance(leaf, torch.Tensor)
            ):
                raise MixedDevices(f"{func}: operands on two devices")
            host_args, host_kwargs = tree_map_only(OnCard, lambda tensor: tensor.host, (args, kwargs))
            return tree_map_only(torch.Tensor, lambda tensor: OnCard(tensor, args[0].traffic), func(*host_args, **host_kwargs))
        if func is torch.Tensor.__getitem__ and isinstance(args[0], OnCard):
            # Lists of indices too become tensors where C++ believes that the operand is.
            return OnCard(args[0].host[tree_map_only(OnCard, lambda tensor: tensor.host, args[1])], args[0].traffic)
        if func is torch.Tensor.__setitem__ and isinstance(args[0], OnCard):
            return assign(*args)
        if func is torch.Tensor.cpu:
            return moved(args[0], HOST, None, None)
        return func(*args, **kwargs)


def assign(target: OnCard, index: object, value: object) -> None:
    """`target[index] = value`, of which C++ would make a number a tensor where it believes that the target is."""
    if isinstance(value, torch.Tensor) and not isinstance(value, OnCard) and value.dim() > 0:
        if any(isinstance(leaf, torch.Tensor) for leaf in tree_leaves(index)):
            raise MixedDevices(f"x[tensor] = value: operands on {target.device} and {value.device}")
        target.traffic.append("copy_")
    host_index, host_value = tree_map_only(OnCard, lambda tensor: tensor.host, (index, value))
    target.host[host_index] = host_value


def moved(tensor: torch.Tensor, device: torch.device | None, dtype: torch.dtype | None, memory_format) -> torch.Tensor:
    """`tensor.to(...)`: itself where nothing changes."""
    same_place = device is None or device.type == tensor.device.type
    if same_place and dtype in (None, tensor.dtype) and memory_format is None:
        return tensor
    wanted = {"device": device, "dtype": dtype, "memory_format": memory_format}
    return torch.ops.aten._to_copy.default(tensor, **{key: value for key, value in wanted.items() if value is not None})


class Event:
    """torch.cuda.Event on a card that is never behind."""

    def __init__(self, enable_timing: bool = False) -> None:
        self.at = 0.0

    def record(self) -> None:
        self.at = time.perf_counter()

    def query(self) -> bool:
        return True

    def synchronize(self) -> None:
        pass

    def elapsed_time(self, end: Event) -> float:
        return 1000 * (end.at - self.at)


@contextmanager
def fake_card() -> Iterator[list[str]]:
    """Every "cuda" inside is the fake card. Yields what crosses between host and card from then on, by operation."""
    traffic: list[str] = []
    answers = {
        "_lazy_init": lambda: None,
        "is_available": lambda: True,
        "device_count": lambda: 1,
        "current_device": lambda: 0,
        "empty_cache": lambda: None,
        "mem_get_info": lambda device=None: (MEMORY, MEMORY),
        "memory_reserved": lambda device=None: 0,
        "memory_allocated": lambda device=None: 0,
        "max_memory_allocated": lambda device=None: 1,
        "Event": Event,
    }
    with ExitStack() as stack:
        for name, answer in answers.items():
            stack.enter_context(patch.object(torch.cuda, name, answer))
        # Dispatch modes and inference tensors do not go together; for what is computed, both mean the same.
        stack.enter_context(patch.object(torch, "inference_mode", torch.no_grad))
        # Module.to must not put a card's tensor into the shell of a host's.
        before = torch.__future__.get_overwrite_module_params_on_conversion()
        stack.callback(torch.__future__.set_overwrite_module_params_on_conversion, before)
        torch.__future__.set_overwrite_module_params_on_conversion(True)
        stack.enter_context(Making(traffic))
        stack.enter_context(Naming())
        yield traffic
