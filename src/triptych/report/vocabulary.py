"""What measures are called on the pages, in which unit, and which way is better."""

from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower", ""]
ARROWS = {"higher": "↑", "lower": "↓", "": ""}


@dataclass(frozen=True)
class Measure:
    """A measure in words; ``order`` is its place among the columns of a table."""

    label: str
    unit: str
    better: Better
    order: int

    @property
    def arrow(self) -> str:
        """Which way is better."""
        return ARROWS[self.better]


_KNOWN: dict[str, tuple[str, Better]] = {
    "bits_per_dim": ("codelength", "lower"),
    "frechet_distance": ("Fréchet distance", "lower"),
    "kernel_distance": ("kernel distance", "lower"),
    "accuracy": ("accuracy", "higher"),
    "nll": ("NLL", "lower"),
    "nll_members": ("NLL of members", "lower"),
    "nll_calibrated": ("NLL at own temperature", "lower"),
    "brier": ("Brier score", "lower"),
    "ece": ("ECE", "lower"),
    "ece_calibrated": ("ECE at own temperature", "lower"),
    "ece_floor": ("noise floor of ECE", ""),
    "mean_confidence": ("mean confidence", ""),
    "confidence_minus_accuracy": ("confidence − accuracy", ""),
    "predictive_entropy": ("predictive entropy", ""),
    "expected_entropy": ("expected entropy", ""),
    "mutual_information": ("mutual information", ""),
    "disagreement": ("disagreement", ""),
    "link_auc": ("AUC of held-out links", "higher"),
    "link_ap": ("average precision of held-out links", "higher"),
    "same_class_auc": ("ranking of same-class pairs", "higher"),
    "edge_accuracy": ("edges recovered", "higher"),
    "edge_auc": ("AUC of recovered edges", "higher"),
    "degree_mmd": ("discrepancy of degrees", "lower"),
    "clustering_mmd": ("discrepancy of clustering", "lower"),
    "confused_pairs": ("pairs of graphs confused", "lower"),
    "normalised_disagreement": ("disagreement over error", ""),
    "members_distance": ("distance of members", ""),
    "accuracy_members": ("accuracy of members", ""),
    "temperature": ("temperature", ""),
    "separation": ("separation", "higher"),
    "separation_sd": ("spread of separation", ""),
    "homophily": ("homophily", ""),
    "reconstruction_mse": ("reconstruction error", "lower"),
    "probe_accuracy": ("probe accuracy", "higher"),
    "feature_probe_10_per_class": ("probe of features, 10 labels", "higher"),
    "evidence_bound": ("bound on log p(x)", "higher"),
    "bound_gap": ("gap of the bound", ""),
    "nearer_to_training": ("nearer to training than to test images", ""),
    "nearest_train_distance": ("distance to nearest training image", ""),
    "enrichment_at_100": ("enrichment of the first 100", "higher"),
    "precision_at_100": ("actives in the first 100", "higher"),
    "average_precision": ("average precision", "higher"),
    "auroc": ("AUROC", "higher"),
    "positives": ("share of positives", ""),
    "parameters": ("parameters", ""),
    "evaluations_per_sample": ("network evaluations per image", "lower"),
    "evaluations_per_example": ("forward passes per image", "lower"),
    "prediction_multiply_adds": ("multiply-adds per prediction", "lower"),
    "training_multiply_adds": ("multiply-adds of training", "lower"),
    "train_seconds": ("training", "lower"),
    "seconds_per_image": ("drawing an image", "lower"),
    "prediction_seconds": ("predicting an image", "lower"),
}
_ORDER = {name: index for index, name in enumerate(_KNOWN)}
_UNITS = {
    "1": "", "s": "s", "s/image": "s", "evaluations": "", "forward passes": "", "multiply-adds": "",
}  # fmt: skip


def measure(name: str, unit: str = "") -> Measure:
    """A measure by its name in the records; an unknown one keeps its name.

    Example:
        >>> measure("nll", "nats").label, measure("hop_count").label
        ('NLL', 'hop count')
    """
    label, better = _KNOWN.get(name, (name.replace("_", " "), ""))
    return Measure(label, _UNITS.get(unit, unit), better, _ORDER.get(name, len(_ORDER)))
