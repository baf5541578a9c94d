"""Multiply-adds, against the library's own counter and by hand."""

import subprocess
import sys

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from triptych.operations import Operations


def test_counts_are_those_of_the_librarys_counter() -> None:
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 4 * 4, 5))
    x = torch.rand(7, 2, 6, 6)
    with Operations() as ours:
        net(x).sum().backward()
    with FlopCounterMode(display=False) as library:
        net(x).sum().backward()
    assert ours.multiply_adds * 2 == library.get_total_flops()
    # Forward and the weights' gradients of both, and the gradient of the dense layer's inputs: 7
    # images of 4·4 pixels × 3·2·9, and 48·5.
    assert ours.multiply_adds == 7 * (2 * 16 * 3 * 2 * 9 + 3 * 48 * 5)


def test_gradients_of_gradients_are_counted() -> None:
    weight = torch.rand(3, 3, requires_grad=True)
    with Operations() as counted:
        (slope,) = torch.autograd.grad((weight @ weight).sum(), weight, create_graph=True)
        slope.square().sum().backward()
    # W W; its gradient, 1 Wᵀ + Wᵀ 1; of each of these two the gradient for W, none for the ones.
    assert counted.multiply_adds == 27 * (1 + 2 + 2)


def test_the_compiler_stays_unloaded() -> None:
    program = (
        "import sys, torch; from triptych.operations import Operations\n"
        "with Operations(): torch.ones(2, 2) @ torch.ones(2, 2)\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
