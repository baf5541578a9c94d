"""What the generative panel lets a person set besides its models."""

from pydantic import Field

from triptych.params import PanelParams, Strict


class ExtractorParams(Strict):
    """The classifier, trained by the pipeline, whose features Fréchet distance and KID compare."""

    features: int = Field(32, ge=2, le=2048, description="Width of the feature layer")
    steps: int = Field(600, ge=1, description="Training updates")
    batch_size: int = Field(128, ge=1, description="Images per update")
    learning_rate: float = Field(1e-3, gt=0, le=1, description="Adam's step size")


class MeasureParams(Strict):
    """How the trained models are measured; a change here never retrains."""

    samples: int = Field(
        1000, ge=10, description="Images drawn per model for Fréchet distance and KID"
    )
    timing_samples: int = Field(
        64, ge=1, description="Images per timed sampling call (seconds per image)"
    )
    likelihood_examples: int | None = Field(
        None, ge=1, description="Test images whose likelihood is measured; none: all of them"
    )
    importance_samples: list[int] = Field(
        [1, 5, 50, 500, 5000],
        min_length=1,
        description="K of the importance-weighted bounds, ascending (latent-variable models)",
    )
    probe_labels: list[int] = Field(
        [10],
        description="Labels per class of the few-label probe, beside the probe on all labels",
    )
    inception_weights: str | None = Field(
        None, description="File of Inception weights for the FID of the literature (extra `fid`)"
    )
    grid: int = Field(64, ge=4, description="Images in the sample grid of the report")


class GenerativeParams(PanelParams):
    """Panel one."""

    extractor: ExtractorParams = ExtractorParams()
    measure: MeasureParams = MeasureParams()
