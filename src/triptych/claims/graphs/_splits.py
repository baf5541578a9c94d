"""How much two seeds share of their data: what an interval over seeds has to know."""

import pandas as pd

from triptych.claims.tables import remembered

# Expected share of one random training set that another one of the same size contains: n_train / n.
SMALL_OVERLAP = 0.15


@remembered
def test_train_ratio(
    table: pd.DataFrame, dataset: str, model: str, metric: str = "accuracy"
) -> float:
    """n_test / n_train where seeds redraw overlapping training sets, else 0.

    The correction of Nadeau and Bengio (2003) is for repeated hold-out, where two training sets
    share most of their examples: it takes n_test / (n_test + n_train) for the correlation of two
    seeds. With a few labels (50 of 1,797) the reasoning turns round. Two training sets then have
    n_train / n of their nodes in common (3 %; the karate club: 12 %), so that the seeds are all but
    independent, while the formula would give a correlation near 1 because the test sets are large.
    Sharing test nodes does not widen the interval either: the effect is that on the nodes of this
    graph, averaged over draws of labels, and the test nodes are nearly all of them. Below an
    overlap of 15 % the ratio is therefore 0, as it is for a split that no seed moves.

    Args:
        table: Records.
        dataset: Data set.
        model: An entry that was measured on it.
        metric: Its accuracy, where that has another name.
    """
    rows = table[
        (table["panel"] == "graphs") & (table["dataset"] == dataset) & (table["model"] == model)
    ]
    accuracy = rows[rows["metric"] == metric].groupby("split")["n"].max()
    trained = rows.loc[rows["metric"] == "n_train", ["value", "protocol"]]
    if trained.empty or "test" not in accuracy:
        return 0.0
    n_train, n_test = float(trained["value"].max()), float(accuracy["test"])
    protocol = trained["protocol"].iloc[0]
    redrawn = "drawn anew for each seed" in protocol and "standard test part" not in protocol
    redrawn |= "cross-validation" in protocol  # the folds' training parts overlap as much
    overlap = n_train / (n_train + float(accuracy.sum()))
    return n_test / n_train if redrawn and overlap >= SMALL_OVERLAP else 0.0
