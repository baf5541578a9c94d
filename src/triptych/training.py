"""The one training loop: steps, averaging, clipping, validation, curves, checkpoints, resume."""

import math
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn
from tqdm import tqdm

from triptych import resume
from triptych.checkpoint import Checkpoint
from triptych.model import Batch, Trainable
from triptych.optimisers import adam, rmsprop
from triptych.params import TrainingParams
from triptych.resume import CurvePoint
from triptych.seeding import derive_seed

Status = Literal["complete", "stopped early", "diverged"]
DIVERGED_ABOVE = (
    1e6  # a loss that large is lost whatever follows: losses here are of order 1 to 1e3
)


@dataclass
class Fit:
    """What a training run leaves besides the weights."""

    status: Status
    steps: int
    seconds: float
    curves: list[CurvePoint] = field(default_factory=list)


def fit(
    model: Trainable,
    train: Batch,
    validation: Batch,
    settings: TrainingParams,
    *,
    seed: tuple[object, ...],
    device: torch.device,
    checkpoint: Checkpoint | None = None,
    full_batch: bool = False,
    label: str = "",
) -> Fit:
    """Fit ``model`` in place.

    Every draw of step s comes from generators seeded by (``seed``, s) or continued through the
    checkpoint, so that a run killed anywhere and resumed ends with the same bits.

    Args:
        model: Module on ``device``; afterwards it holds the weights to evaluate (averaged ones
            where ``settings.ema`` is given, the best ones where ``settings.keep`` is "best").
        train: Tensors that share their first axis; batches are drawn from it without replacement,
            epoch by epoch.
        validation: Tensors for the validation loss, never used for a gradient.
        settings: Steps, step size, clipping and so on.
        seed: (panel, model, data set, seed number, part): names every random stream.
        device: Where the model lives; the data is moved there once.
        checkpoint: Where the state is kept in case the process is killed.
        full_batch: Pass ``train`` whole at every step (transductive graphs).
        label: Shown beside the progress bar.

    Returns:
        Status, steps done and curves. "diverged" means that a loss was not finite (or above 1e6):
        the weights are then those of the last finite step.
    """
    loop = Loop(model, settings, device, seed)
    if checkpoint is not None:
        resume.restore(loop, checkpoint)
    train = {name: tensor.to(device) for name, tensor in train.items()}
    validation = {name: tensor.to(device) for name, tensor in validation.items()}
    started, saved = time.perf_counter() - loop.seconds, time.perf_counter()
    bar = tqdm(
        total=settings.steps,
        initial=loop.step,
        desc=label,
        disable=not sys.stderr.isatty(),
        leave=False,
    )
    while loop.status is None and loop.step < settings.steps:
        loop.advance(train if full_batch else loop.batch(train))
        bar.update()
        if loop.status is None and loop.step % settings.validate_every == 0:
            loop.validate(validation)
        loop.seconds = time.perf_counter() - started
        if checkpoint is not None and time.perf_counter() - saved > checkpoint.every_seconds:
            resume.save(loop, checkpoint)
            saved = time.perf_counter()
    bar.close()
    if checkpoint is not None:  # the job's other fits follow: a kill there must not cost this one
        resume.save(loop, checkpoint)
    if loop.status is None and loop.step % settings.validate_every:
        loop.validate(validation)
    loop.finish()
    return Fit(loop.status or "complete", loop.step, time.perf_counter() - started, loop.curves)


class Loop:
    """The state of a run between two steps; everything that a checkpoint must hold."""

    def __init__(
        self,
        model: Trainable,
        settings: TrainingParams,
        device: torch.device,
        seed: tuple[object, ...],
    ) -> None:
        self.model, self.settings, self.device, self.seed = model, settings, device, seed
        self.step = 0
        self.seconds = 0.0
        self.status: Status | None = None
        self.curves: list[CurvePoint] = []
        self.best = (math.inf, 0)  # lowest validation loss and its step
        self.best_state: dict[str, Tensor] = {}
        self.running: dict[str, float] = {}  # sums of losses since the last validation
        self.running_updates: dict[str, int] = {}
        torch.manual_seed(derive_seed(*seed, "dropout"))  # layers that draw from the global stream
        self.rng = torch.Generator(device).manual_seed(derive_seed(*seed, "noise"))
        self.optimisers = {
            name: _optimiser(groups, settings) for name, groups in model.parameter_groups().items()
        }
        self.base_rates = {
            name: [group["lr"] for group in optimiser.param_groups]
            for name, optimiser in self.optimisers.items()
        }
        self.average = _copy(model) if settings.ema is not None else {}
        model.train()

    def batch(self, data: Batch) -> dict[str, Tensor]:
        """The batch of the current step: a slice of the epoch's own permutation."""
        n = len(next(iter(data.values())))
        size = min(self.settings.batch_size, n)
        per_epoch = n // size
        epoch, position = divmod(self.step, per_epoch)
        if position == 0 or not hasattr(self, "_permutation"):
            order = torch.Generator().manual_seed(derive_seed(*self.seed, "epoch", epoch))
            self._permutation = torch.randperm(n, generator=order).to(self.device)
        rows = self._permutation[position * size : (position + 1) * size]
        return {name: tensor.index_select(0, rows) for name, tensor in data.items()}

    def advance(self, batch: Batch) -> None:
        """One step: every objective in turn, then the averaged weights."""
        self._set_rates()
        objectives = self.model.objectives(self.model.refresh(batch, self.rng), self.rng)
        while True:
            with self._autocast():
                item = next(objectives, None)
            if item is None:
                break
            name, loss = item
            value = float(loss.detach())
            if not abs(value) < DIVERGED_ABOVE:  # nor is a NaN
                self.status = "diverged"
                return
            self._update(name, loss)
            self.running[name] = self.running.get(name, 0.0) + value
            self.running_updates[name] = self.running_updates.get(name, 0) + 1
        self.step += 1
        self._average_weights()

    def _update(self, name: str, loss: Tensor) -> None:
        optimiser = self.optimisers[name]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if self.settings.gradient_clip is not None:
            parameters = [p for group in optimiser.param_groups for p in group["params"]]
            nn.utils.clip_grad_norm_(parameters, self.settings.gradient_clip)
        optimiser.step()

    def _set_rates(self) -> None:
        factor = 1.0
        if self.settings.warmup_steps:
            factor = min(1.0, (self.step + 1) / self.settings.warmup_steps)
        if self.settings.cosine:
            factor *= 0.5 * (1 + math.cos(math.pi * self.step / self.settings.steps))
        for name, optimiser in self.optimisers.items():
            for group, base in zip(optimiser.param_groups, self.base_rates[name], strict=True):
                group["lr"] = base * factor

    def _autocast(self) -> AbstractContextManager[object]:
        if self.device.type == "cuda" and self.settings.precision == "bfloat16":
            return torch.autocast("cuda", dtype=torch.bfloat16)
        return nullcontext()

    def _average_weights(self) -> None:
        if self.settings.ema is None:
            return
        # The ramp keeps the initial weights from lingering: after n steps a fixed decay d still
        # holds d^n of them (0.9999^10000 = 0.37).
        decay = min(self.settings.ema, (1 + self.step) / (10 + self.step))
        state = self.model.state_dict()
        for name, kept in self.average.items():
            if kept.is_floating_point():
                kept.lerp_(state[name], 1 - decay)
            else:
                kept.copy_(state[name])

    @torch.no_grad()
    def validate(self, validation: Batch) -> None:
        """Record the mean training losses since the last call and the validation loss."""
        now = time.time()
        for name, total in self.running.items():
            metric = "loss" if name == "model" else f"{name}_loss"
            value = total / self.running_updates[name]
            self.curves.append(CurvePoint(self.step, "train", metric, value, now))
        self.running, self.running_updates = {}, {}
        self.model.eval()
        with self._weights_to_evaluate(), self._autocast():
            # The same draws at every validation, so that the curve shows the weights alone.
            rng = torch.Generator(self.device).manual_seed(derive_seed(*self.seed, "validation"))
            loss = float(self.model.validation_loss(validation, rng))
        self.curves.append(CurvePoint(self.step, "validation", "loss", loss, now))
        for name, number in self.model.diagnostics(validation, rng).items():
            self.curves.append(CurvePoint(self.step, "validation", name, number, now))
        self.model.train()
        if not math.isfinite(loss):
            self.status = "diverged"
        elif loss < self.best[0]:
            self.best = (loss, self.step)
            if self.settings.keep == "best":
                self.best_state = (
                    _copy(self.model) if self.settings.ema is None else _clone(self.average)
                )
        elif self.settings.patience is not None:
            waited = (self.step - self.best[1]) // self.settings.validate_every
            if waited >= self.settings.patience:
                self.status = "stopped early"

    def _weights_to_evaluate(self) -> AbstractContextManager[object]:
        return _swapped(self.model, self.average) if self.average else nullcontext()

    def finish(self) -> None:
        """Leave in the model the weights that are evaluated."""
        if self.settings.keep == "best" and self.best_state:
            self.model.load_state_dict(self.best_state)
        elif self.average:
            self.model.load_state_dict(self.average)
        self.model.eval()


def _optimiser(groups: list[dict[str, Any]], settings: TrainingParams) -> torch.optim.Optimizer:
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimiser == "rmsprop":
        return rmsprop(groups, rate, weight_decay=decay)
    return adam(groups, rate, betas=settings.betas, weight_decay=decay)


def _copy(model: nn.Module) -> dict[str, Tensor]:
    return _clone(model.state_dict())


def _clone(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in state.items()}


class _swapped:
    """Within the block the model holds ``state``; afterwards its own weights again."""

    def __init__(self, model: nn.Module, state: Mapping[str, Tensor]) -> None:
        self.model, self.state = model, state

    def __enter__(self) -> None:
        self.own = _copy(self.model)
        self.model.load_state_dict(self.state)

    def __exit__(self, *_: object) -> None:
        self.model.load_state_dict(self.own)


def predict_in_batches(rows: int, batch_size: int) -> Iterator[slice]:
    """Slices that cover ``rows`` once, the last one shorter: no example is dropped."""
    for start in range(0, rows, batch_size):
        yield slice(start, min(start + batch_size, rows))
