"""When what was got is what was expected."""

from decimal import Decimal
from fractions import Fraction

import pytest

from solvent.lab.cases.case import Some
from solvent.lab.cases.compare import differences

D = Decimal


@pytest.mark.parametrize(
    ("expected", "got", "relative", "absolute", "agree"),
    [
        (5, 5, 0, 0, True),
        (5, 6, 0, 0, False),
        (D("0.1"), Fraction(1, 10), 0, 0, True),
        (D("0.1"), 0.1, 0, 0, False),  # the float is not a tenth
        (100, 101, 0, 1, True),
        (100, 102, 0, 1, False),
        (100, 101, D("0.01"), 0, True),  # a hundredth of the larger
        (100, 102, D("0.01"), 0, False),
        (-100, 100, D("0.5"), 0, False),
        (True, True, 0, 0, True),
        (True, 1, 0, 9, False),
        (0, False, 0, 9, False),
        ("up", "up", 0, 0, True),
        ("up", "down", 0, 0, False),
        ([1, None, 3], [1, 2, 3], 0, 0, True),
        ([1, 2], [1, 2, 3], 0, 0, False),
        ({"a": 1}, {"a": 1, "b": 2}, 0, 0, True),
        ({"a": 1, "b": 2}, {"a": 1}, 0, 0, False),
        ({"a": {}}, {"a": {"x": 1}}, 0, 0, False),
        ({"a": {"x": 1}}, {"a": {}}, 0, 0, False),
        ({"a": {"x": 1}}, {"a": Some(x=1, y=2)}, 0, 0, True),
        ({"a": {"x": 1}}, {"a": Some(y=2)}, 0, 0, False),
        ({"error": "no"}, {"error": "refused"}, 0, 0, True),
        ({"error": "no"}, {"a": 1}, 0, 0, False),
        ({"a": None}, {"error": "refused"}, 0, 0, False),
        ({"a": None}, {}, 0, 0, True),
        ([1], 1, 0, 0, False),
    ],
)
def test_agreement(expected, got, relative, absolute, agree) -> None:
    assert (differences(expected, got, D(relative), D(absolute)) == []) == agree


def test_a_difference_says_where() -> None:
    (told,) = differences({"states": [[1, 2]]}, {"states": [[1, 3]]}, D(0), D(0))
    assert told == "states[0][1]: expected 2, got 3"
