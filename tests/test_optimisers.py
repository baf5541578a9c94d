"""The library's step rules, bit for bit, in a process that never loads the library's compiler."""

import subprocess
import sys

import pytest
import torch
from torch import Tensor, nn

from triptych.optimisers import adam, rmsprop

RULES = {
    "adam": (
        lambda p: adam(p, 0.01, betas=(0.5, 0.9), weight_decay=0.1),
        lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.5, 0.9), weight_decay=0.1, fused=True),
    ),
    "rmsprop": (
        lambda p: rmsprop(p, 0.01, weight_decay=0.1),
        lambda p: torch.optim.RMSprop(p, lr=0.01, weight_decay=0.1, foreach=True),
    ),
}


def trained(optimiser_of, continued: bool) -> list[Tensor]:
    """Weights after eight steps; if ``continued``, by a second optimiser from the fourth on."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    x = torch.randn(8, 5, 3)
    optimiser = optimiser_of(net.parameters())
    for step, batch in enumerate(x):
        if continued and step == 4:
            state = optimiser.state_dict()
            optimiser = optimiser_of(net.parameters())
            optimiser.load_state_dict(state)
        optimiser.zero_grad(set_to_none=True)
        net(batch).square().sum().backward()
        optimiser.step()
    return [parameter.detach() for parameter in net.parameters()]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("continued", [False, True])
def test_steps_are_the_librarys(rule: str, continued: bool) -> None:
    ours, library = RULES[rule]
    for found, expected in zip(trained(ours, continued), trained(library, False), strict=True):
        assert torch.equal(found, expected)


def test_step_is_recorded_as_no_part_of_the_graph() -> None:
    weight = torch.ones(2, requires_grad=True)
    weight.grad = torch.ones(2)
    adam([weight], 0.1).step()
    assert weight.requires_grad and weight.grad_fn is None


def test_groups_may_have_options_of_their_own() -> None:
    first, second = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    first.grad, second.grad = torch.ones(2), torch.ones(2)
    optimiser = adam([{"params": [first]}, {"params": [second], "lr": 0.5}], 0.1)
    optimiser.step()
    # Adam's first step is the step size against the sign of the gradient, but for ε = 1e-8.
    assert torch.allclose(1 - first.detach(), torch.full((2,), 0.1), atol=1e-6)
    assert torch.allclose(1 - second.detach(), torch.full((2,), 0.5), atol=1e-6)


def test_a_gradient_in_another_order_moves_the_entries_that_it_belongs_to() -> None:
    """The kernel reads memory in order, whatever the strides."""
    weight = torch.zeros(3, 2, requires_grad=True)
    weight.grad = torch.tensor([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]]).T
    signs = weight.grad.sign()
    adam([weight], 0.1).step()
    assert torch.allclose(weight.detach(), -0.1 * signs, atol=1e-6)


def test_a_view_is_refused() -> None:
    whole = torch.zeros(3, 4)
    for view in (whole[:, :2], whole.T):
        with pytest.raises(ValueError, match="contiguous"):
            adam([view.detach().requires_grad_(True)], 0.1)


@pytest.mark.parametrize("rule", RULES)
def test_the_compiler_stays_unloaded(rule: str) -> None:
    program = (
        "import sys, torch; from triptych import optimisers\n"
        "weight = torch.ones(2, requires_grad=True)\n"
        f"optimiser = optimisers.{rule}([weight], 0.1)\n"
        "weight.sum().backward(); optimiser.step(); optimiser.zero_grad(set_to_none=True)\n"
        "optimiser.load_state_dict(optimiser.state_dict())\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
