"""What decisions cost that are taken by the predicted probabilities, under the deck's table."""

import numpy as np
from numpy.typing import NDArray

from triptych.metrics import decisions as d
from triptych.metrics.probabilities import Scores, log_softmax
from triptych.uncertainty.measures.base import Number, Prediction, noted

DISEASED = {"breast_cancer": 0}  # data set: class that is the disease (0: malignant)
PRICES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # of abstaining; the deck's is 0.5
RULE = "missed disease 10, false alarm 1, abstaining 0.5"
TEMPERED = f"{RULE}; probabilities at one temperature of the clean validation part"


def measure(prediction: Prediction) -> list[Number]:
    """Mean cost per patient by several rules, and of abstaining at other prices.

    "argmax" takes the more probable class, "decide" the cheaper of the two answers, "abstain" the
    cheapest of all three actions; the last two also by the probabilities at the temperature that
    the validation part asks for.
    """
    if prediction.dataset not in DISEASED:
        return []
    position = DISEASED[prediction.dataset]
    diseased = prediction.labels == position
    q = np.exp(prediction.log_p[:, position])
    tempered = log_softmax(prediction.log_p / prediction.temperature.value)
    numbers = [_cost("decision_cost/argmax", d.more_probable(q), diseased, RULE)]
    numbers += _rules("decision_cost", q, diseased, RULE)
    how = noted(TEMPERED, prediction.temperature.note)
    numbers += _rules("decision_cost_tempered", np.exp(tempered[:, position]), diseased, how)
    actions = d.best_action(q)
    foreseen = float(d.predicted_cost(q, actions))
    share = float((actions == d.ABSTAIN).mean())
    how = f"{RULE}; as the probabilities themselves expect"
    numbers += [
        Number("decision_cost_foreseen", foreseen, "cost", "exact", how),
        Number("abstained", share, "fraction", "exact", RULE),
    ]
    for price in PRICES:
        table = d.with_price(price)
        cost = float(d.realised_cost(d.best_action(q, table), diseased, table))
        how = f"abstaining costs {price:g}"
        numbers.append(Number(f"decision_cost_at/price={price:g}", cost, "cost", "exact", how))
    return numbers


def _rules(name: str, q: Scores, diseased: NDArray[np.bool_], how: str) -> list[Number]:
    decided, abstained = d.best_action(q, abstain=False), d.best_action(q)
    return [
        _cost(f"{name}/decide", decided, diseased, how),
        _cost(f"{name}/abstain", abstained, diseased, how),
    ]


def _cost(name: str, actions: d.Actions, diseased: NDArray[np.bool_], how: str) -> Number:
    return Number(name, float(d.realised_cost(actions, diseased)), "cost", "exact", how)
