"""Do the samples look like the data: Fréchet distance and KID on the pipeline's own features."""

from triptych.generative.measures.base import Measured, Trained
from triptych.metrics.frechet import frechet_from_features, kernel_distance


def measure(trained: Trained) -> Measured:
    """Distances of the samples to training and to test images, and of as many training images."""
    out = Measured()
    if trained.samples is None:
        return out
    sampled = trained.features(trained.samples)
    real = {
        "train": trained.features(trained.images(trained.train)),
        "test": trained.features(trained.images(trained.test)),
    }
    name = trained.extractor.name
    how = trained.model.sampling_protocol()  # type: ignore[operator]
    for split, features in real.items():
        n = len(sampled)
        protocol = (
            f"{n} samples against {len(features)} {split} images, features {name} trained and "
            f"standardised on the training part; {how}; {trained.split_rule}"
        )
        out.records += [
            trained.record(
                f"frechet_distance/{name}", frechet_from_features(sampled, features),
                "1", "estimate", n, protocol, split=split,
            ),
            trained.record(
                f"kernel_distance/{name}", kernel_distance(sampled, features),
                "1", "estimate", n, protocol, split=split,
            ),
        ]  # fmt: skip
    # As many as the samples: the distance is biased upwards, the more so the fewer there are.
    chosen = trained.subset(len(real["train"]), len(sampled), "fidelity of data")
    out.records.append(
        trained.record(
            f"frechet_distance_of_data/{name}",
            frechet_from_features(real["train"][chosen], real["test"]),
            "1", "estimate", len(chosen),
            f"{len(chosen)} random training images against {len(real['test'])} test images, "
            f"features {name}: what a perfect sampler could reach; {trained.split_rule}",
        )
    )  # fmt: skip
    grid = trained.samples[: trained.params.grid]
    out.arrays["samples"] = grid.permute(0, 2, 3, 1).cpu().numpy()
    return out
