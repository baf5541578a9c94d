"""Tables inside scikit-learn: features as published, unscaled, and a class or a real target."""

from pathlib import Path

import numpy as np
from sklearn import datasets

from triptych.data.prepared import Prepared, describe
from triptych.files import Array


def wine(raw: Path | None) -> Prepared:
    """178 wines, 13 chemical measurements, 3 cultivars."""
    bunch = datasets.load_wine()
    return _classes(bunch.data, bunch.target, bunch.feature_names, bunch.target_names)


def breast_cancer(raw: Path | None) -> Prepared:
    """569 tumours, 30 measurements of cell nuclei; class 0 is malignant, class 1 benign."""
    bunch = datasets.load_breast_cancer()
    return _classes(bunch.data, bunch.target, bunch.feature_names, bunch.target_names)


def diabetes(raw: Path | None) -> Prepared:
    """442 patients, 10 measurements, disease progression one year later (real, 25 to 346)."""
    bunch = datasets.load_diabetes(scaled=False)
    x = np.asarray(bunch.data, dtype=np.float64)
    meta = describe(
        "table",
        len(x),
        task="regression",
        features=[str(name) for name in bunch.feature_names],
        target="disease progression one year after baseline",
        notes=["features are unscaled: scale them on the training part"],
    )
    return Prepared({"x": x, "y": np.asarray(bunch.target, dtype=np.float64)}, meta)


def _classes(x: Array, y: Array, features: list[str], classes: list[str]) -> Prepared:
    meta = describe(
        "table",
        len(x),
        task="classification",
        classes=[str(name) for name in classes],
        features=[str(name) for name in features],
        notes=["features are unscaled: scale them on the training part"],
    )
    return Prepared({"x": np.asarray(x, np.float64), "y": np.asarray(y, np.int64)}, meta)
