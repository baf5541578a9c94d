"""Adam and RMSprop of the library, without loading its compiler.

``torch.optim`` imports ``torch._dynamo`` at the first optimiser of a process: 1.3 s of processor
time for a compiler that is not used here, where a job is a process. Below, the methods that would
do so are taken as they stand in the library, without the decorators that import it; the arithmetic
is untouched, and the tests compare it bit by bit.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

Groups = list[dict[str, Any]]


def adam(groups: Groups | Iterable[Tensor], rate: float, **options: Any) -> Optimizer:
    """Adam (Kingma and Ba, 2015), every parameter of a group in one kernel.

    Args:
        groups: Parameters, or groups of parameters with options of their own.
        rate: Step size.
        options: ``betas``, ``weight_decay`` and whatever else ``torch.optim.Adam`` takes.

    Raises:
        ValueError: A parameter is a view whose entries do not lie in order: the kernel looks at
            memory alone and would update others.
    """
    optimiser = _Adam(groups, lr=rate, fused=True, **options)
    shapes = [tuple(p.shape) for p in _parameters(optimiser) if not p.is_contiguous()]
    if shapes:
        raise ValueError(f"adam: expected contiguous parameters, found views of shape {shapes}")
    return optimiser


def rmsprop(groups: Groups | Iterable[Tensor], rate: float, weight_decay: float = 0.0) -> Optimizer:
    """RMSprop (Tieleman and Hinton, 2012) as ``torch.optim.RMSprop`` has it."""
    return _RMSprop(groups, lr=rate, weight_decay=weight_decay, foreach=True)


def _parameters(optimiser: Optimizer) -> Iterator[Tensor]:
    return (parameter for group in optimiser.param_groups for parameter in group["params"])


class _Eager(Optimizer):
    """The library's optimiser, with its methods as written."""

    add_param_group = inspect.unwrap(Optimizer.add_param_group)
    zero_grad = inspect.unwrap(Optimizer.zero_grad)
    state_dict = inspect.unwrap(Optimizer.state_dict)
    load_state_dict = inspect.unwrap(Optimizer.load_state_dict)


_adam_step: Callable[..., Any] = inspect.unwrap(torch.optim.Adam.step)
_rmsprop_step: Callable[..., Any] = inspect.unwrap(torch.optim.RMSprop.step)


class _Adam(_Eager, torch.optim.Adam):
    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """One update; see ``torch.optim.Adam``."""
        for parameter in _parameters(self):
            gradient = parameter.grad
            if gradient is not None and not gradient.is_contiguous():
                # `backward` leaves none, `torch.autograd.grad` may; `adam` says what would follow.
                parameter.grad = gradient.contiguous()
        return _adam_step(self, closure)


class _RMSprop(_Eager, torch.optim.RMSprop):
    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """One update; see ``torch.optim.RMSprop``."""
        return _rmsprop_step(self, closure)
