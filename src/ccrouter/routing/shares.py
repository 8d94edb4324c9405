"""Exact shares: smooth weighted rotation, no random draw.

Of any 100 calls in a row with 70/30, exactly 70 and 30. Each set of destinations that can take calls has a rotation of
its own: what a closed, full or down destination could not take goes to the others, and nothing is made up afterwards.
"""

from collections.abc import Mapping, Sequence

Turns = Mapping[frozenset[int], tuple[int, ...]]
"""State of one share: for each set of usable parts (by index), the credit of every part."""


def take_turn(weights: Sequence[int], usable: frozenset[int], turns: Turns) -> tuple[int | None, Turns]:
    """Return the index of the part whose turn it is, and the state afterwards.

    Parts of weight 0 never get a turn. The index is None where no usable part has a weight.
    """
    usable = frozenset([i for i in usable if weights[i] > 0])
    if not usable:
        return None, turns
    credit = list(turns.get(usable, (0,) * len(weights)))
    if len(credit) != len(weights):  # the share was edited
        credit = [0] * len(weights)
    chosen, given = -1, 0
    for i in sorted(usable):
        credit[i] += weights[i]
        given += weights[i]
        if chosen < 0 or credit[i] > credit[chosen]:
            chosen = i
    credit[chosen] -= given
    return chosen, {**turns, usable: tuple(credit)}
