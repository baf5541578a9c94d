"""Typed parameters: the single source of names, types, defaults, units and ranges.

``params.yaml`` (with any overlay merged) is validated against these definitions before any job
starts. A model's own parameters are declared beside the model, as ``Params`` in its file; here they
are only looked up by the registry, so that a new model needs no change on this page.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

Element = TypeVar("Element")


def each_once(values: list[Element]) -> list[Element]:
    """The same list, for those whose entries name jobs, networks or records.

    Raises:
        ValueError: An entry stands there twice.
    """
    if len(set(values)) != len(values):
        raise ValueError("expected each entry once")
    return values


Seed = Annotated[int, Field(ge=0, le=999_999)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Distinct = Annotated[list[Element], AfterValidator(each_once)]


class Strict(BaseModel):
    """No unknown keys, no silent conversions between types, no change after construction."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, validate_default=True, protected_namespaces=()
    )


def at_evaluation(default: Any, **options: Any) -> Any:
    """A field that only the evaluation reads: changing it never retrains."""
    return Field(default, json_schema_extra={"stage": "evaluate"}, **options)


class ModelParams(Strict):
    """What every entry under ``models:`` may say; a model's own ``Params`` adds to it."""

    model: str = Field(
        "", description="File of the panel's models/ that defines it; default: the entry's name"
    )
    datasets: Distinct[str] | None = Field(
        None,
        description="Names in the catalogue that it runs on; default: all under the panel's "
        "`datasets`",
    )
    seeds: Annotated[Distinct[Seed], Field(min_length=1)] | None = Field(
        None,
        description="Some of the panel's seeds, for an entry that is dear; default: all of them",
    )
    seeds_per_job: int = Field(
        1, ge=1, le=1000, description="Seeds trained in one process; more saves start-up time"
    )


class TrainingParams(ModelParams):
    """Settings of the training loop, for models that are fitted by gradient steps."""

    steps: int = Field(1000, ge=1, description="Optimiser updates")
    batch_size: int = Field(128, ge=1, description="Examples per update; full batch for graphs")
    optimiser: Literal["adam", "rmsprop"] = Field("adam", description="Step rule")
    learning_rate: float = Field(1e-3, gt=0, le=1, description="The optimiser's step size")
    betas: tuple[float, float] = Field((0.9, 0.999), description="Adam's moment decays")
    weight_decay: float = Field(
        0.0, ge=0, description="L2 penalty inside the optimiser (not AdamW)"
    )
    warmup_steps: int = Field(0, ge=0, description="Linear warm-up of the learning rate, updates")
    cosine: bool = Field(False, description="Cosine decay of the learning rate to zero")
    gradient_clip: float | None = Field(None, gt=0, description="Largest global gradient norm")
    ema: float | None = Field(
        None, ge=0, lt=1, description="Decay of the averaged weights that are evaluated; none: last"
    )
    validate_every: int = Field(100, ge=1, description="Updates between validation losses")
    keep: Literal["last", "best"] = Field(
        "last",
        description="Weights to keep: the last step's or those of the lowest validation loss",
    )
    patience: int | None = Field(
        None, ge=1, description="Stop after so many validations without a lower loss"
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32",
        description="Autocast of the networks on a GPU; the CPU always computes in float32",
    )

    @field_validator("betas", mode="before")
    @classmethod
    def _pair(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value


class DataParams(Strict):
    """Where downloaded data sets come from and go to."""

    mirror: str | None = Field(
        None,
        description="Folder or address searched before the canonical addresses; the environment "
        "variable TRIPTYCH_MIRROR overrides it",
    )


class RuntimeParams(Strict):
    """The machine, as far as a result may depend on it."""

    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="auto takes a GPU where one is free and the CPU elsewhere"
    )


class PanelParams(Strict):
    """What every panel has."""

    seeds: Distinct[Seed] = Field(
        min_length=1, description="Each fixes split, initialisation and draws"
    )
    datasets: Distinct[str] = Field(
        min_length=1, description="Names in the catalogue, for entries that name none of their own"
    )
    models: dict[str, Any] = Field(min_length=1, description="Entry name -> its parameters")
    only: Distinct[str] | None = Field(
        None, description="Entries of `models` that run, for overlays; default: all of them"
    )

    def runs(self, name: str) -> bool:
        """Whether an entry of ``models`` runs."""
        return self.only is None or name in self.only


class ReportParams(Strict):
    """The rendered pages."""

    title: str = Field("Triptych", description="Heading of the report")
    figure_dpi: int = Field(
        150, ge=50, le=600, description="Resolution of PNG figures, dots per inch"
    )


class TrackingParams(Strict):
    """MLflow."""

    enabled: bool = Field(True, description="Send results to the tracking store")
    store: str = Field(
        "mlflow/mlflow.db",
        description="SQLite file; the environment variable MLFLOW_TRACKING_URI overrides it",
    )
    experiment: str = Field("triptych", description="Experiment name in the store")


def model_entry(value: Any) -> Mapping[str, Any]:
    """An entry under ``models:``; an empty one stands for all defaults."""
    return {} if value is None else dict(value)


def split_stages(params: ModelParams) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide an entry's values into (what training reads, what only the evaluation reads).

    ``datasets``, ``seeds`` and ``seeds_per_job`` decide which jobs exist, not what they compute.
    """
    train: dict[str, Any] = {}
    evaluate: dict[str, Any] = {}
    for name, field in type(params).model_fields.items():
        if name in ("datasets", "seeds", "seeds_per_job", "model"):
            continue
        extra = field.json_schema_extra
        late = isinstance(extra, dict) and extra.get("stage") == "evaluate"
        (evaluate if late else train)[name] = params.model_dump(mode="json")[name]
    return train, evaluate
