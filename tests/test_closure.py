"""The code closure sees what is imported, wherever the import stands."""

from pathlib import Path

import pytest

from triptych import closure


def stems(*modules):
    return {Path(name).stem for name in closure.closure(*modules)}


def test_imports_are_followed_including_those_inside_functions():
    found = stems("triptych.generative.extractor")
    assert {"extractor", "training", "checkpoint", "parts", "files", "jobs"} <= found
    assert "runtime" in found  # imported by jobs


def test_a_model_does_not_depend_on_its_siblings():
    found = stems("triptych.train", "triptych.generative.models.vae")
    assert "vae" in found and not found & {"pixelcnn", "gan", "ddpm", "pca", "splits", "fetch"}


def test_one_edit_changes_the_digest(tmp_path):
    files = closure.closure("triptych.records")
    before = closure.digest(files)
    copies = []
    for name in files:
        copy = tmp_path / Path(name).name
        copy.write_bytes(Path(name).read_bytes())
        copies.append(str(copy))
    first = closure.digest(copies)
    Path(copies[0]).write_text("# edited\n")
    assert closure.digest(copies) != first
    assert closure.digest(files) == before


def test_a_folder_that_is_read_by_name_comes_as_a_whole():
    found = stems("triptych.train", "triptych.graphs.models.sampled_gcn")
    assert {"graphsage", "fastgcn", "ladies", "as_gcn", "gcn_bs", "pass_gnn", "full"} <= found
    assert not stems("triptych.train", "triptych.graphs.models.gcn") & {"graphsage", "ladies"}


def test_unknown_modules_are_an_error():
    with pytest.raises(ModuleNotFoundError, match="no such module"):
        closure.closure("triptych.nothing")


@pytest.mark.parametrize("panel", ["generative", "graphs", "uncertainty"])
def test_no_panel_imports_another(panel):
    others = {"generative", "graphs", "uncertainty"} - {panel}
    modules = [
        ".".join(path.relative_to(closure.ROOT.parent).with_suffix("").parts)
        for path in (closure.ROOT / panel).rglob("*.py")
        if path.stem != "__init__"
    ]
    reached = {Path(name).resolve().relative_to(closure.ROOT) for name in closure.closure(*modules)}
    assert not {path.parts[0] for path in reached} & others


def test_the_package_computes_without_the_engines():
    """Only tracking may import mlflow; nothing imports snakemake or dvc."""
    for path in closure.ROOT.rglob("*.py"):
        text = path.read_text()
        assert "import snakemake" not in text and "import dvc" not in text, path
        if "import mlflow" in text or "from mlflow" in text:
            assert path.stem in ("tracking", "stores"), path


def test_what_was_parsed_is_remembered_by_content_and_nothing_damaged_is_believed(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)

    def forget():
        for function in (closure._imports, closure._remembered):
            function.cache_clear()
        closure._NEW.clear()

    forget()
    parsed = closure.closure("triptych.generative.extractor")
    closure.remember()
    assert closure.MEMORY.exists()

    forget()
    with monkeypatch.context() as patch:
        patch.setattr(closure, "_scan", lambda source: pytest.fail("parsed again"))
        assert closure.closure("triptych.generative.extractor") == parsed

    for damage in ("{", '{"by": "another", "known": {}}', "[]"):
        forget()
        closure.MEMORY.write_text(damage)
        assert closure.closure("triptych.generative.extractor") == parsed
    forget()
