"""G12: the chain rule gives an explicit, normalised p(x)."""

from triptych.claims.base import Check, Identity


def check() -> list[Check]:
    """Sums over every image of tiny spaces, and what each factor's logits depend on."""
    from triptych.generative.enumeration import causality_violation, normalisation_error
    from triptych.generative.models.pixelcnn import Entry as PixelCNN

    cases = (
        ("all 2×3 binary images", (1, 2, 3), 2),
        ("all 2×2 images of 4 levels", (1, 2, 2), 4),
        ("all 1×1 RGB images of 4 levels", (3, 1, 1), 4),
    )
    checks = []
    for name, shape, levels in cases:
        error, count = normalisation_error(PixelCNN, shape, levels)
        checks.append(
            Check(name, error, 1e-5, "1", "|Σ_x p(x) − 1|, PixelCNN, random weights", count)
        )
    leak, count = causality_violation(PixelCNN, shape=(3, 5, 5), levels=4)
    checks.append(
        Check(
            "5×5 RGB images", leak, 0.0, "1",
            "largest |∂ logits of value i / ∂ value j| over j not before i, PixelCNN", count,
        )
    )  # fmt: skip
    return checks


CLAIMS = [
    Identity(
        id="G12",
        panel="generative",
        deck="B",
        statement="The chain rule gives an explicit, normalised p(x).",
        experiment="On tiny image spaces the probabilities of all images sum to 1 within 1e-5; no "
        "factor depends on a value that is not before it.",
        check=check,
    )
]
