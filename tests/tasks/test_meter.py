"""The figures of a job are right, and taking them makes nobody wait."""

from __future__ import annotations

import inspect
import time

import pytest
import torch

from engine.contracts import LatentCodec, Space
from engine.io.meter import Meter, MeteredCodec, MeteredSpace
from engine.spaces.raster import RasterCanvas

CPU = torch.device("cpu")


class Queue:
    """A device that works through marks and kernels in order, far behind whoever orders them."""

    def __init__(self) -> None:
        self.now = 0.0  # ms, on the device's own clock
        self.ordered: list[Mark | float] = []
        self.waits = 0

    def kernel(self, milliseconds: float) -> None:
        self.ordered.append(milliseconds)

    def work(self, until: Mark | None = None) -> None:
        """Do what was ordered, up to `until`."""
        while self.ordered:
            one = self.ordered.pop(0)
            if isinstance(one, Mark):
                one.passed = self.now
                if one is until:
                    return
            else:
                self.now += one

    def event(self) -> Mark:
        return Mark(self)


class Mark:
    """An event of `Queue`, with the interface of torch.cuda.Event."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.passed: float | None = None

    def record(self) -> None:
        self.queue.ordered.append(self)

    def query(self) -> bool:
        return self.passed is not None

    def synchronize(self) -> None:
        self.queue.waits += 1
        self.queue.work(until=self)

    def elapsed_time(self, end: Mark) -> float:
        return end.passed - self.passed


def test_phases_on_a_device_are_timed_without_waiting():
    queue = Queue()
    meter = Meter(torch.device("cuda"), queue.event)
    for _ in range(100):
        with meter.phase("denoise"):
            queue.kernel(20.0)
        with meter.phase("decode"):
            queue.kernel(5.0)
    assert queue.now == 0 and queue.waits == 0, "a phase waited for the device"
    assert meter.seconds == pytest.approx({"denoise": 2.0, "decode": 0.5})
    assert queue.waits == 1
    assert meter.seconds == pytest.approx({"denoise": 2.0, "decode": 0.5}) and queue.waits == 1


def test_marks_that_were_passed_are_not_kept():
    """A job has thousands of calls: what the device is done with is added up on the way."""
    queue = Queue()
    meter = Meter(torch.device("cuda"), queue.event)
    for _ in range(50):
        with meter.phase("denoise"):
            queue.kernel(1.0)
        queue.work()
    assert len(meter._pending) == 1
    assert meter.seconds == pytest.approx({"denoise": 0.05})


def test_a_phase_that_fails_is_counted_too():
    queue = Queue()
    for meter in (Meter(CPU), Meter(torch.device("cuda"), queue.event)):
        with pytest.raises(KeyError), meter.phase("encode"):
            raise KeyError
        assert set(meter.seconds) == {"encode"}


def test_a_processor_is_timed_by_the_clock_and_callers_may_add():
    meter = Meter(CPU)
    meter.seconds["load"] = 1.5
    with meter.phase("write"):
        time.sleep(0.02)
    assert meter.seconds["load"] == 1.5 and 0.02 <= meter.seconds["write"] < 5
    assert meter.peak_memory() > 1e7


@pytest.mark.parametrize("contract,wrapper", [(Space, MeteredSpace), (LatentCodec, MeteredCodec)])
def test_wrappers_offer_the_whole_contract(contract, wrapper):
    """Each method of the contract, with the same parameters: a wrapper that lacks one fails in the middle of a job."""
    methods = [name for name, value in vars(contract).items() if inspect.isfunction(value) and name[0] != "_"]
    assert len(methods) >= 3
    for name in methods:
        theirs, ours = (inspect.signature(getattr(cls, name)).parameters.values() for cls in (contract, wrapper))
        assert [(p.name, p.kind, p.default) for p in theirs] == [(p.name, p.kind, p.default) for p in ours], name


class OneTexel:
    """The least Space: it says how it was asked."""

    view_sets, fill_sets, texels_per_pixel = ((1,), (2,)), ((3,),), 1.5
    notices = ("as told",)

    def __init__(self, view_resolution: int = 64) -> None:
        self.view_resolution = view_resolution

    def at(self, view_resolution: int) -> OneTexel:
        return OneTexel(view_resolution)

    def unseen_share(self, views, drawn):
        return [len(views) / 4, len(drawn) / 4]

    def project(self, canvas, views, behind=None):
        return ("project", canvas, views, behind)

    def unknown_mask(self, canvas, views):
        return ("unknown", canvas, views)

    def restore(self, canvas, known):
        return ("restore", canvas, known)

    def to_image(self, canvas):
        return ("image", canvas)


def test_a_metered_space_passes_everything_on():
    meter, canvas = Meter(CPU), RasterCanvas(torch.zeros(3, 1, 1), torch.zeros(1, 1))
    space = MeteredSpace(OneTexel(), meter).at(32)
    assert isinstance(space, MeteredSpace), "the smaller views must be timed as well"
    assert (space.view_sets, space.fill_sets, space.texels_per_pixel) == (((1,), (2,)), ((3,),), 1.5)
    assert space.view_resolution == 32 and space.notices == ("as told",)
    assert space.unseen_share([1, 2], [1]) == [0.5, 0.25]
    assert space.project(canvas, [1]) == ("project", canvas, [1], None)
    assert space.project(canvas, [1], "behind") == ("project", canvas, [1], "behind")
    assert space.unknown_mask(canvas, [1]) == ("unknown", canvas, [1])
    assert space.restore(canvas, canvas) == ("restore", canvas, canvas)
    assert space.to_image(canvas) == ("image", canvas)
    assert {"geometry", "project", "unproject"} <= set(meter.seconds)
