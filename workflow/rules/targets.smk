# Names to ask for: a panel, a model entry, the data, the instruments.
for _panel in planning.PANELS:

    rule:
        name:
            _panel
        input:
            evaluations(PLAN.of(panel=_panel)),
            f"reports/panels/{_panel}/{_panel}.html",
        localrule: True


for _model in PLAN.models():

    rule:
        name:
            _model
        input:
            evaluations(PLAN.of(model=_model)),
        localrule: True


rule data:
    input:
        expand("data/splits/{dataset}/run.json", dataset=PLAN.split_datasets()),
        # those that shifted test sets are made with are not split
        expand("data/prepared/{dataset}/manifest.json", dataset=PLAN.datasets),
    localrule: True


rule instruments:
    input:
        [
            f"results/instruments/extractor/{dataset}/{seed}/run.json"
            for dataset in PLAN.panel_datasets("generative")
            for seed in PLAN.seeds("generative", dataset)
        ],
        [
            f"data/shifted/{dataset}/{seed}/manifest.json"
            for dataset in PLAN.shifts
            for seed in PLAN.seeds("uncertainty", dataset)
        ],
    localrule: True


rule identity_checks:
    input:
        expand("results/identities/{panel}/checks.csv", panel=planning.PANELS),
    localrule: True
