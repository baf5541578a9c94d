import subprocess
import sys
from collections import Counter
from importlib.resources import files

import pytest

from triptych.data.catalogue import DataSet, catalogue, get, parse
from triptych.data.prepare import reader
from triptych.errors import UserError

NAMES = [
    "digits",
    "wine",
    "breast_cancer",
    "diabetes",
    "two_moons",
    "heteroscedastic",
    "photographs",
    "karate",
    "karate_communities",
    "digits_knn",
    "digits_knn_labelled",
    "wine_knn",
    "breast_cancer_knn",
    "diabetes_knn",
    "csbm_phi_m100",
    "csbm_phi_m075",
    "csbm_phi_m050",
    "csbm_phi_m025",
    "csbm_phi_000",
    "csbm_phi_p025",
    "csbm_phi_p050",
    "csbm_phi_p075",
    "csbm_phi_p100",
    "friends_foes",
    "hubs",
    "digits_pixels",
    "regular_graphs",
    "atlas",
    "community_graphs",
    "springs",
    "motif_screen",
    "motif_pairs",
    "mnist",
    "dynamic_mnist",
    "binarized_mnist",
    "fashion_mnist",
    "cifar10",
    "cifar10h",
    "cifar10_human",
    "cora",
    "citeseer",
    "pubmed",
    "cora_fastgcn",
    "citeseer_fastgcn",
    "pubmed_fastgcn",
    "mutag",
    "proteins",
    "nci1",
    "bbbp",
    "hiv",
    "esol",
    "antibiotics",
    "digits_known",
    "cifar10_c",
    "frost",
    "omniglot_small1",
    "omniglot_small2",
]

ENTRY = """
toy:
  title: Toy
  kind: table
  reader: tables.wine
  split: {rule: hold_out, train: 0.6, validation: 0.2, test: 0.2}
  licence: none
  homepage: https://example.org/
  citation: nobody
  embedded: true
"""
FILE = f"files: [{{name: a.bin, url: 'https://example.org/a', sha256: '{'0' * 64}', bytes: 3}}]"


def test_has_every_set_once() -> None:
    assert sorted(catalogue()) == sorted(NAMES)
    text = files("triptych.data").joinpath("catalogue.yaml").read_text(encoding="utf-8")
    keys = [line[:-1] for line in text.splitlines() if line[:1].isalpha() and line.endswith(":")]
    assert Counter(keys).most_common(1)[0][1] == 1  # YAML would silently keep the last of two


@pytest.mark.parametrize("dataset", catalogue().values(), ids=lambda dataset: dataset.name)
def test_reader_exists(dataset: DataSet) -> None:
    assert callable(reader(dataset))


def test_homophily_dial_names_say_phi() -> None:
    for name, dataset in catalogue().items():
        if name.startswith("csbm_phi_"):
            tag = name.removeprefix("csbm_phi_")
            sign = -1 if tag.startswith("m") else 1
            assert dataset.arguments["phi"] == sign * int(tag.lstrip("mp")) / 100


def test_needs_no_heavy_module() -> None:
    code = (
        "import sys, triptych.data.catalogue as c; c.catalogue(); "
        "print([m for m in ('numpy', 'scipy', 'sklearn', 'torch', 'pandas') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(UserError, match=r"'minst' is not in the catalogue; did you mean 'mnist'"):
        get("minst")


def test_valid_entry_parses() -> None:
    assert parse(ENTRY)["toy"].embedded


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("kind: table", "kind: sound", "toy.kind"),
        ("citation: nobody", "citation: nobody\n  licens: x", "toy.licens: Extra inputs"),
        ("test: 0.2}", "test: 0.3}", "must add up to 1"),
        ("embedded: true", "embedded: false", "either embedded or has files"),
        ("embedded: true", FILE.replace("a.bin", "../a.bin"), "toy.files.0.name"),
        ("embedded: true", FILE.replace("https:", "ftp:"), "toy.files.0.url"),
        ("embedded: true", FILE.replace(f"sha256: '{'0' * 64}', ", ""), "a file needs a sha256"),
        ("embedded: true", FILE.replace("url: 'https://example.org/a'", "member: ../a"), "'..'"),
        ("embedded: true", FILE.replace("url: 'https://example.org/a'", "member: a"), "archive"),
        ("rule: hold_out, train: 0.6,", "rule: few_labels, train: 5,", "toy.split"),
        ("rule: hold_out", "rule: holdout", "toy.split"),
    ],
)
def test_mistakes_are_named(old: str, new: str, complaint: str) -> None:
    assert old in ENTRY
    with pytest.raises(UserError) as error:
        parse(ENTRY.replace(old, new))
    assert complaint in str(error.value)


def test_every_download_is_verifiable() -> None:
    for dataset in catalogue().values():
        for file in dataset.files:
            verified = file.sha256 is not None or (
                dataset.archive is not None and dataset.archive.sha256 is not None
            )
            assert verified, (dataset.name, file.name)
            assert dataset.address(file).startswith("http")
