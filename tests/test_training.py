"""The training loop: resume to the bit, divergence, averaging, selection, curves."""

import pytest
import torch
from torch import nn

from triptych import resume, training
from triptych.checkpoint import Checkpoint
from triptych.model import Trainable
from triptych.params import TrainingParams
from triptych.training import fit, predict_in_batches

CPU = torch.device("cpu")


class Net(Trainable):
    """Regression with dropout (global stream) and input noise (explicit stream)."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.3), nn.ReLU(), nn.Linear(8, 1))

    def loss(self, batch, rng):
        noise = 0.1 * torch.randn(batch["x"].shape, generator=rng)
        return (self.layers(batch["x"] + noise) - batch["y"]).square().mean()


class Killed(Exception):
    """Stands for a signal in the middle of a run."""


def data(n=50, seed=0):
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 3, generator=rng)
    return {"x": x, "y": x.sum(1, keepdim=True)}


def net():
    torch.manual_seed(7)
    return Net()


def settings(**values):
    return TrainingParams(
        **{"steps": 60, "batch_size": 16, "learning_rate": 0.01, "validate_every": 10, **values}
    )


def run(model, chosen, checkpoint=None, seed=("test", 0)):
    return fit(model, data(), data(20, 1), chosen, seed=seed, device=CPU, checkpoint=checkpoint)


@pytest.mark.parametrize("kill_at", [1, 29, 30, 47])
@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"optimiser": "rmsprop"},
        {"ema": 0.9},
        {"keep": "best", "ema": 0.9, "cosine": True, "gradient_clip": 1.0},
    ],
)
def test_killed_run_resumes_to_the_same_bits(tmp_path, monkeypatch, kill_at, extra):
    chosen = settings(**extra)
    whole = net()
    expected = run(whole, chosen)
    checkpoint = Checkpoint(tmp_path / "state.safetensors", "key", every_seconds=0.0)
    broken = net()
    calls = {"n": 0}
    original = Net.loss

    def loss(self, batch, rng):
        if self.training:
            calls["n"] += 1
            if calls["n"] == kill_at + 1:
                raise Killed
        return original(self, batch, rng)

    monkeypatch.setattr(Net, "loss", loss)
    with pytest.raises(Killed):
        run(broken, chosen, checkpoint)
    monkeypatch.setattr(Net, "loss", original)
    resumed = net()
    torch.manual_seed(999)  # whatever another process drew before
    found = run(resumed, chosen, checkpoint)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    strip = [(p.step, p.split, p.metric, p.value) for p in expected.curves]
    assert strip == [(p.step, p.split, p.metric, p.value) for p in found.curves]
    assert found.status == expected.status == "complete"


@pytest.mark.parametrize(
    ("extra", "status"),
    [({}, "complete"), ({"learning_rate": 1e-9, "steps": 1000, "patience": 3}, "stopped early")],
)
def test_a_finished_fit_is_not_repeated(tmp_path, monkeypatch, extra, status):
    """A job of several fits may be killed during a later one, however rarely it saves."""
    checkpoint = Checkpoint(tmp_path / "state.safetensors", "key", every_seconds=3600.0)
    whole, resumed = net(), net()
    expected = run(whole, settings(**extra), checkpoint)
    monkeypatch.setattr(Net, "objectives", lambda *_: pytest.fail("trained again"))
    found = run(resumed, settings(**extra), checkpoint)
    assert found.status == expected.status == status and found.steps == expected.steps
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    strip = [(p.step, p.split, p.metric, p.value) for p in expected.curves]
    assert strip == [(p.step, p.split, p.metric, p.value) for p in found.curves]


@pytest.mark.parametrize("kill_at", [3, 17, 40, 59])
def test_a_kill_costs_the_interval_and_one_step_at_most(tmp_path, monkeypatch, kill_at):
    """By a clock that the steps alone move, each by its own amount."""
    interval, every = 10.0, torch.Generator().manual_seed(kill_at)
    durations = (0.5 + 6.0 * torch.rand(60, generator=every)).tolist()
    clock, started = {"now": 0.0}, []
    original = Net.loss

    def loss(self, batch, rng):
        if self.training:
            clock["now"] += durations[len(started)]
            started.append(clock["now"])
            if len(started) == kill_at + 1:
                raise Killed  # at the very end of the step: nothing of it is kept
        return original(self, batch, rng)

    monkeypatch.setattr(Net, "loss", loss)
    monkeypatch.setattr(training.time, "perf_counter", lambda: clock["now"])
    checkpoint = Checkpoint(tmp_path / "state.safetensors", "key", every_seconds=interval)
    chosen = settings(validate_every=30)
    with pytest.raises(Killed):
        run(net(), chosen, checkpoint)
    loop = training.Loop(net(), chosen, CPU, ("test", 0))
    resume.restore(loop, checkpoint)
    assert sum(durations[loop.step : kill_at + 1]) <= interval + durations[kill_at]
    assert (loop.step > 0) == (sum(durations[:kill_at]) > interval)


def test_two_runs_are_identical_and_seeds_differ():
    first, second, other = net(), net(), net()
    run(first, settings())
    run(second, settings())
    run(other, settings(), seed=("test", 1))
    assert all(
        torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True)
    )
    assert not torch.equal(first.layers[0].weight, other.layers[0].weight)


def test_checkpoint_of_another_job_or_a_damaged_one_is_ignored(tmp_path):
    path = tmp_path / "state.safetensors"
    run(net(), settings(steps=20), Checkpoint(path, "one", 0.0))
    assert Checkpoint(path, "one").load() is not None
    assert Checkpoint(path, "two").load() is None
    path.write_bytes(path.read_bytes()[:-50])
    assert Checkpoint(path, "one").load() is None


def test_divergence_ends_clearly_with_finite_weights():
    class Exploding(Net):
        def loss(self, batch, rng):
            self.count = getattr(self, "count", 0) + 1
            value = super().loss(batch, rng)
            return value * float("nan") if self.count == 25 else value

    torch.manual_seed(0)
    model = Exploding()
    result = run(model, settings())
    assert result.status == "diverged" and result.steps < 60
    assert all(torch.isfinite(p).all() for p in model.parameters())


def test_weights_of_the_lowest_validation_loss_are_kept():
    model = net()
    result = run(model, settings(keep="best", learning_rate=0.5, steps=100))
    losses = {p.step: p.value for p in result.curves if p.split == "validation"}
    model.eval()
    rng = torch.Generator().manual_seed(0)
    held_out = data(20, 1)
    value = float(model.loss(held_out, rng).detach())
    # the same weights, other noise draws: nearer to the best than to the worst validation loss
    assert abs(value - min(losses.values())) < abs(value - max(losses.values()))
    assert min(losses.values()) < losses[max(losses)]


def test_patience_stops_early():
    result = run(net(), settings(learning_rate=1e-9, steps=1000, patience=3))
    assert result.status == "stopped early" and result.steps < 1000


def test_average_forgets_the_initial_weights():
    """With the ramp min(d, (1+n)/(10+n)) a decay of 0.9999 does not freeze a short run."""
    fast, slow = net(), net()
    run(fast, settings(steps=60, ema=None))
    run(slow, settings(steps=60, ema=0.9999))
    start = net().layers[0].weight
    moved = (slow.layers[0].weight - start).norm() / (fast.layers[0].weight - start).norm()
    assert moved > 0.3  # without the ramp it would be 1 − 0.9999^60 = 0.006


def test_alternating_objectives_update_only_their_player():
    class Game(Trainable):
        def __init__(self):
            super().__init__()
            self.d, self.g = nn.Linear(1, 1), nn.Linear(1, 1)
            self.seen = []

        def parameter_groups(self):
            return {
                "d": [{"params": list(self.d.parameters())}],
                "g": [{"params": list(self.g.parameters())}],
            }

        def objectives(self, batch, rng):
            before = self.g.weight.clone()
            yield "d", (self.d(batch["x"]) - self.g(batch["x"]).detach()).square().mean()
            assert torch.equal(before, self.g.weight)
            before = self.d.weight.clone()
            yield "g", self.d(self.g(batch["x"])).square().mean()
            assert torch.equal(before, self.d.weight)

        def validation_loss(self, batch, rng):
            return self.d(batch["x"]).mean()

    x = {"x": torch.randn(10, 1)}
    result = fit(Game(), x, x, settings(steps=5), seed=("game",), device=CPU)
    assert {p.metric for p in result.curves} == {"d_loss", "g_loss", "loss"}


def test_every_example_is_seen_once_per_epoch():
    class Recorder(Net):
        def loss(self, batch, rng):
            if self.training:
                self.rows = [*getattr(self, "rows", []), *batch["i"].tolist()]
            return super().loss(batch, rng)

    torch.manual_seed(0)
    model, batch = Recorder(), data(48)
    batch["i"] = torch.arange(48)
    fit(model, batch, batch, settings(steps=6, batch_size=16), seed=("epochs",), device=CPU)
    assert sorted(model.rows[:48]) == list(range(48)) == sorted(model.rows[48:])
    assert model.rows[:48] != model.rows[48:]


def test_prediction_drops_no_example():
    rows = [i for s in predict_in_batches(10_000, 512) for i in range(10_000)[s]]
    assert rows == list(range(10_000))


def test_precision_and_warm_up_accept_their_values():
    model = net()
    result = run(model, settings(warmup_steps=20, precision="bfloat16"))
    assert result.status == "complete"


class Redrawn(Net):
    """Counts what its training is shown."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def refresh(self, batch, rng):
        return {**batch, "y": torch.full_like(batch["y"], float(len(self.seen)))}

    def objectives(self, batch, rng):
        if self.training:
            self.seen.append(float(batch["y"].mean()))
        return super().objectives(batch, rng)


def test_every_step_sees_its_batch_redrawn():
    model = Redrawn()
    run(model, settings(steps=4, validate_every=2))
    assert model.seen == [0.0, 1.0, 2.0, 3.0]
