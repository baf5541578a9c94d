"""What the uncertainty panel lets a person set besides its methods."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from triptych.params import Distinct, PanelParams, Strict

Severity = Annotated[int, Field(ge=1, le=5)]


class ShiftParams(Strict):
    """Shifted copies of the test parts."""

    kinds: Distinct[str] = Field(description="Names in the corruption registry")
    severities: list[Severity] = Field(
        [1, 2, 3, 4, 5],
        min_length=1,
        description="1 (mild) to 5, ascending; severity 0, the clean set, is always there",
    )
    constants: Literal["small", "cifar_c", "imagenet_c"] = Field(
        "small", description="Constant set: small (own, for 8x8 images), cifar_c or imagenet_c"
    )
    sets: Distinct[str] = Field(
        [],
        description="Further test sets, files of data/shifts/sets: out-of-distribution, open set, "
        "subpopulations ...; each is made for the data sets it means something on",
    )
    published: Distinct[str] = Field(
        [],
        description="Data sets whose corrupted test images are the published ones and not made "
        "here: cifar10 (CIFAR-10-C, 2.9 GB)",
    )
    uncorrupted: Distinct[str] = Field(
        [], description="Data sets of the panel that get `sets` alone, and none of `kinds`"
    )

    @field_validator("severities")
    @classmethod
    def _ascending(cls, value: list[int]) -> list[int]:
        if value != sorted(set(value)):
            raise ValueError(f"expected severities in ascending order, each once, found {value}")
        return value


class CalibrationParams(Strict):
    """How calibration is read off the cached logits."""

    bins: int = Field(
        15, ge=1, le=1000, description="Equal-width bins of the expected calibration error"
    )


class UncertaintyParams(PanelParams):
    """Panel three."""

    shift: ShiftParams
    calibration: CalibrationParams = CalibrationParams()
