"""What the generative panel lets a person set besides its models."""

from pydantic import Field

from triptych.params import Count, Distinct, PanelParams, Positive, Strict


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
        None,
        ge=1,
        description="Test images, evenly spaced, whose likelihood is measured; none: all of them",
    )
    importance_samples: Distinct[Count] = Field(
        [1, 5, 50, 500, 5000],
        min_length=1,
        description="K of the importance-weighted bounds, ascending (latent-variable models)",
    )
    probe_labels: Distinct[Count] = Field(
        [10],
        description="Labels per class of the few-label probe, beside the probe on all labels",
    )
    inception_weights: str | None = Field(
        None, description="File of Inception weights for the FID of the literature (extra `fid`)"
    )
    manifold_neighbours: int = Field(
        5, ge=1, description="Neighbours that set the balls of precision, recall and coverage"
    )
    mode_updates: int = Field(
        3000,
        ge=0,
        description="Updates of either player when a GAN's objective is trained on the grid of 25 "
        "Gaussians; 0: leave it out",
    )
    grid: int = Field(64, ge=4, description="Images in the sample grid of the report")
    noise_deviations: Distinct[Positive] = Field(
        [2.0**-k for k in range(9)],
        min_length=3,
        description="η: decoder noises, pixels in [−1, 1], at which likelihoods are measured again",
    )
    inference_examples: int = Field(
        64, ge=2, description="Test images for which q(z|x) is fitted one by one"
    )
    inference_steps: Distinct[Count] = Field(
        [3, 10, 30, 100],
        min_length=1,
        description="Gradient steps per image after which the fitted q(z|x) is measured",
    )


class GenerativeParams(PanelParams):
    """Panel one."""

    extractor: ExtractorParams = ExtractorParams()
    measure: MeasureParams = MeasureParams()
