"""Parameters: mistakes are named with their path, what is allowed and the nearest valid name."""

import copy
import json
from pathlib import Path

import pytest
import yaml

from triptych import configuration, plan, registry
from triptych.claims.graphs import n17_screening
from triptych.errors import UserError
from triptych.params import split_stages

ROOT = Path(__file__).parents[1]


@pytest.fixture
def config():
    return yaml.safe_load((ROOT / "params.yaml").read_text())


def change(config, path, value):
    """``config`` with the value at a dotted path replaced (or the key added)."""
    changed = copy.deepcopy(config)
    *parents, last = path.split(".")
    here = changed
    for key in parents:
        here = here[key]
    here[last] = value
    return changed


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("generative.seds", [0], ["generative.seds: unknown parameter", "'seeds'"]),
        ("generatve", {}, ["generatve: unknown parameter", "'generative'"]),
        ("generative.models.vae.latnt", 3, ["generative.models.vae.latnt", "'latent'"]),
        ("generative.models.vae.latent", "16", ["generative.models.vae.latent", "'16'", "integer"]),
        (
            "generative.models.vae.latent",
            0,
            ["vae.latent", "greater than or equal to 1", "found 0"],
        ),
        (
            "generative.models.ddpm.variance",
            "bta",
            ["ddpm.variance", "'beta' or 'posterior'", "'bta'"],
        ),
        ("generative.models.vea", {}, ["generative.models.vea", "no model", "'vae'"]),
        ("generative.models.two", {"model": "pixlcnn"}, ["two.model", "'pixelcnn'"]),
        ("generative.datasets", ["digit"], ["generative.datasets", "'digits'"]),
        ("generative.models.vae.datasets", ["karate"], ["vae.datasets", "kind images"]),
        ("generative.only", ["vea"], ["generative.only[0]", "'vea'", "'vae'"]),
        ("generative.seeds", [0, 0], ["generative.seeds", "each entry once"]),
        ("generative.seeds", [], ["generative.seeds", "at least 1"]),
        ("generative.models.vae.seeds", [0, 99], ["vae.seeds", "[99]", "generative.seeds"]),
        ("generative.models.vae.seeds", [0, 0], ["vae.seeds", "each entry once"]),
        ("generative.models.vae.datasets", ["digits", "digits"], ["vae.datasets", "once"]),
        ("generative.only", ["vae", "vae"], ["generative.only", "each entry once"]),
        ("generative.measure.samples", 3, ["generative.measure.samples", "10"]),
        ("generative.measure.inception_weights", "no.pth", ["inception_weights", "none at no.pth"]),
        ("uncertainty.shift.kinds", ["gausian_noise"], ["shift.kinds[0]", "'gaussian_noise'"]),
        ("runtime.device", "gpu", ["runtime.device", "'auto', 'cpu' or 'cuda'"]),
        ("graphs.models.vae", {"model": "gcn"}, ["graphs.models.vae", "same name"]),
        ("graphs.models.report", {"model": "gcn"}, ["graphs.models.report", "name of a target"]),
        ("graphs.datasets", ["digits"], ["graphs.datasets", "kind graph", "'digits_knn'"]),
        ("generative.models.vae", 5, ["generative.models.vae", "expected a mapping"]),
    ],
)
def test_mistakes_are_named(config, path, value, expected):
    with pytest.raises(UserError) as caught:
        configuration.resolve(change(config, path, value))
    for text in expected:
        assert text in str(caught.value)


MEASURE = "generative.measure"


@pytest.mark.parametrize(
    ("path", "ruled_out"),
    [
        (f"{MEASURE}.importance_samples", [[0], [5, 5]]),
        (f"{MEASURE}.probe_labels", [[0], [10, 10]]),
        (f"{MEASURE}.noise_deviations", [[0.5, 0.25, 0.0], [0.5, 0.25, 0.25], [0.5, 0.25, -1.0]]),
        (f"{MEASURE}.inference_steps", [[0], [3, 3]]),
        ("generative.models.pca.code_sizes", [[0, 2], [2, 2]]),
        ("generative.models.kmeans.code_sizes", [[0], [4, 4]]),
        ("generative.models.autoencoder.code_sizes", [[0], [4, 4]]),
        ("generative.models.autoencoder.hidden", [[0]]),
        ("generative.models.vae.hidden", [[128, 0]]),
        ("generative.models.realnvp.hidden", [[0]]),
        ("generative.models.gan.hidden", [[0]]),
        ("generative.models.ddpm.multipliers", [[], [1, 0]]),
        ("generative.models.gaussian_mixture.components", [[0]]),
        ("generative.models.gaussian_mixture.floors", [[0.0]]),
        ("generative.models.kernel_density.bandwidths", [[0.0]]),
        ("generative.models.independent_pixels.smoothing", [[0.0]]),
        ("graphs.models.deep_gcn.depths", [[0], [2, 2], [65]]),
        ("graphs.models.gcn_labels.shares", [[0.0], [0.1, 0.1], [1.5]]),
        ("graphs.models.sgc.weight_decays", [[-0.1], [0.1, 0.1]]),
        ("graphs.models.label_propagation.alphas", [[1.5]]),
        ("graphs.models.scaling.edges", [[0, 100], [100, 100]]),
        ("graphs.models.untrained_gcn.picture_depths", [[0], [2, 2]]),
        ("uncertainty.models.data_size.sizes", [[0, 50], [50, 50]]),
    ],
)
def test_lists_refuse_what_would_end_a_job_after_its_training(config, path, ruled_out):
    for value in ruled_out:
        with pytest.raises(UserError) as caught:
            configuration.resolve(change(config, path, value))
        assert path in str(caught.value), value
        if len(set(value)) < len(value):
            assert "expected each entry once" in str(caught.value)


def test_all_mistakes_of_the_models_are_reported_at_once(config):
    wrong = change(config, "generative.models.vae.latnt", 3)
    wrong = change(wrong, "generative.models.gan.hiden", 3)
    with pytest.raises(UserError, match="2 mistakes"):
        configuration.resolve(wrong)


@pytest.mark.parametrize("overlay", sorted((ROOT / "params").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_overlay_is_valid(config, overlay):
    plan.make(merge(config, yaml.safe_load(overlay.read_text())))


def merge(base, overlay):
    """What ``--configfile`` does: mappings are merged, everything else is replaced."""
    result = dict(base)
    for key, value in overlay.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merge(result[key], value) if both else value
    return result


@pytest.mark.parametrize("overlay", [None, "paper", "test"])
def test_the_control_without_messages_is_trained_alike(config, overlay):
    if overlay:
        config = merge(config, yaml.safe_load((ROOT / f"params/{overlay}.yaml").read_text()))
    models = config["graphs"]["models"]
    for network, control in n17_screening.ALONE.items():
        own = {"model": network} | models[network]
        assert models[control]["depth"] == 0 < own["depth"]
        assert models[control] | {"depth": None} == own | {"depth": None}


def test_the_papers_curve_asks_for_no_more_labels_than_there_are(config):
    overlay = yaml.safe_load((ROOT / "params/paper.yaml").read_text())
    models = merge(config, overlay)["graphs"]["models"]
    nodes, trained = 2708, 1208  # Cora in the split of Chen, Ma and Xiao (2018)
    for name in ("gcn_labels", "mlp_labels"):
        assert models[name]["datasets"] == ["cora_fastgcn"]
        assert round(max(models[name]["shares"]) * nodes) <= trained
    assert models["gcn_labels"]["shares"] == models["mlp_labels"]["shares"]
    assert "shares" not in models["gcn_inductive"]


def test_schema_file_is_current():
    stored = json.loads((ROOT / "workflow/schemas/params.schema.json").read_text())
    assert stored == json.loads(json.dumps(configuration.schema())), "run `triptych schema`"


def test_params_file_is_valid_under_its_schema(config):
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(config, configuration.schema())


@pytest.mark.parametrize("panel", registry.PANELS)
def test_every_model_documents_its_parameters(panel):
    for name in registry.model_names(panel):
        for key, field in registry.model_class(panel, name).Params.model_fields.items():
            assert field.description, f"{panel}/{name}: {key} has no description"


def test_stages_divide_the_parameters():
    params = registry.model_class("generative", "ddpm").Params(model="ddpm")
    train, evaluate = split_stages(params)
    assert set(evaluate) >= {"variance", "clip", "sampler"}
    assert "learning_rate" in train and not set(train) & set(evaluate)
    assert "seeds_per_job" not in train | evaluate


def conf_of(config, tmp_path):
    plan.write_conf(plan.make(config), tmp_path)
    return {str(p.relative_to(tmp_path)): p.read_text() for p in sorted(tmp_path.rglob("*.json"))}


def test_a_changed_value_changes_exactly_its_jobs_files(config, tmp_path):
    before = conf_of(config, tmp_path / "a")
    for path, value, touched in [
        ("generative.models.vae.latent", 7, "generative/vae/"),
        ("generative.models.ddpm.clip", False, "generative/ddpm/"),
        ("generative.measure.grid", 9, "generative/"),
        ("uncertainty.calibration.bins", 9, "uncertainty/"),
        ("tracking.experiment", "x", "tracking.json"),
        ("data.mirror", "/another", "mirror.json"),  # which no rule follows: the bytes are verified
    ]:
        after = conf_of(change(config, path, value), tmp_path / path)
        moved = {name for name in before if before[name] != after[name]}
        assert moved and all(name.startswith(touched) for name in moved), (path, moved)
        if path.endswith(("clip", "grid", "bins")):  # only measured again
            assert all(name.endswith("evaluate.json") for name in moved)


def test_an_overlay_can_leave_entries_out(config, tmp_path):
    everything = plan.make(config)
    few = plan.make(change(change(config, "generative.only", ["vae"]), "graphs.only", []))
    assert {job.model for job in few.of("generative")} == {"vae"}
    assert few.of("graphs") == [] and few.of("uncertainty") == everything.of("uncertainty")
    for name, made in (("all", everything), ("few", few)):
        plan.write_conf(made, tmp_path / name)
    for path in (tmp_path / "few").rglob("generative/vae/**/*.json"):  # the job itself is the same
        same = tmp_path / "all" / path.relative_to(tmp_path / "few")
        assert path.read_bytes() == same.read_bytes()


def test_order_of_keys_does_not_matter_and_files_are_left_alone(config, tmp_path):
    first = conf_of(config, tmp_path)
    times = {name: (tmp_path / name).stat().st_mtime_ns for name in first}
    reordered = {key: config[key] for key in reversed(config)}
    reordered["generative"] = {k: config["generative"][k] for k in reversed(config["generative"])}
    plan.write_conf(plan.make(reordered), tmp_path)
    changed = {n for n in first if (tmp_path / n).stat().st_mtime_ns != times[n]}
    # the collecting list is sorted by nothing but the order of the panels and models
    assert not changed - {"collect.json"}


def test_dropped_jobs_lose_their_files(config, tmp_path):
    conf_of(config, tmp_path)
    after = conf_of(change(config, "generative.seeds", [0]), tmp_path)
    assert not any("/digits/4/" in name for name in after if name.startswith("generative"))


def test_plan_survives_its_cache(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = plan.load(config)
    again = plan.load(config)
    assert [job.name for job in made.jobs] == [job.name for job in again.jobs]
    assert plan._to_json(made) == plan._to_json(again)


def test_an_entry_may_have_some_of_the_seeds(config, tmp_path):
    few = plan.make(change(config, "uncertainty.models.deep_ensemble.seeds", [1, 0]))
    jobs = few.of("uncertainty")
    mine = [s for job in jobs if job.model == "deep_ensemble" for s in job.seeds]
    assert set(mine) == {0, 1}
    others = [s for job in jobs if job.model == "single" for s in job.seeds]
    assert set(others) == set(config["uncertainty"]["seeds"])
    only = change(config, "generative.models.vae.seeds", [1])
    alone = plan.make(change(change(only, "generative.only", ["vae"]), "graphs.only", []))
    assert alone.seeds("generative", "digits") == [1]
    plan.write_conf(alone, tmp_path)
    assert [p.stem for p in (tmp_path / "instruments/extractor/digits").iterdir()] == ["1"]


def test_groups_of_seeds_are_stable_when_one_is_dropped():
    assert plan.group_seeds([0, 1, 2, 3], 2) == [(0, 1), (2, 3)]
    assert plan.group_seeds([0, 2, 3], 2) == [(0,), (2, 3)]
