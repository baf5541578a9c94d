"""Dealing items out to folds, or whole groups of items to parts."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def folds(classes: Ints, count: int, rng: np.random.Generator) -> Ints:
    """The fold of each item, stratified: int64 [N], -1 where the item has no class.

    Every class is shuffled and dealt round, the next class going on where the last one stopped:
    folds differ by at most one item of a class and by at most one item in all.

    Args:
        classes: [N], -1 for none.
        count: Folds.
        rng: Source of the order.

    Example:
        >>> folds(np.array([0, 0, 1, 1, -1]), 2, np.random.default_rng(0))[4]
        np.int64(-1)
    """
    order = np.concatenate(
        [rng.permutation(np.flatnonzero(classes == c)) for c in range(int(classes.max()) + 1)]
    )
    found = np.full(len(classes), -1, dtype=np.int64)
    found[order] = np.arange(len(order)) % count
    return found


def groups(classes: Ints, group: Ints, shares: tuple[float, ...], rng: np.random.Generator) -> Ints:
    """The part of each item, such that no group is in two parts: int64 [N].

    Groups come from large to small, in random order where they are equal. Each goes to a part drawn
    with probability proportional to the room that is left there, counted by class so that rare
    classes are spread as well; a part without room for the whole group is not drawn unless all are.
    The small groups at the end fill the parts up.

    Args:
        classes: [N], 0 or more.
        group: [N], any integers.
        shares: Of all items, per part; they sum to 1.
        rng: Source of the order and of the draws.
    """
    _, member = np.unique(group, return_inverse=True)
    sizes = np.zeros((int(member.max()) + 1, int(classes.max()) + 1), dtype=np.int64)
    np.add.at(sizes, (member, classes), 1)
    total = sizes.sum(axis=0)
    room = np.outer(shares, total)  # [parts, classes]
    part = np.empty(len(sizes), dtype=np.int64)
    order = rng.permutation(len(sizes))
    for number in order[np.argsort(-sizes[order].sum(axis=1), kind="stable")]:
        held = sizes[number]
        # How large a piece of each class the group is, times how much of that class is missing.
        wanted = np.clip(room / total, 0, None) @ (held / total)
        weight = wanted * (room >= held).all(axis=1)
        if not weight.any():
            weight = wanted if wanted.any() else np.asarray(shares)
        part[number] = chosen = rng.choice(len(shares), p=weight / weight.sum())
        room[chosen] -= held
    return np.asarray(part[member], dtype=np.int64)
