"""Every event is told in words and decimals, whatever stands in its record."""

import json
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.service.running import VENUE

from solvent.events import EVENT_DTYPE, EventKind
from solvent.market.venue import parse_venue
from solvent.rulebook.document import read_rulebook
from solvent.service.stream import encode
from solvent.service.wire import EVENT_FIELDS, MEANINGS, Wire


@pytest.fixture(scope="module")
def wire():
    return Wire(parse_venue(VENUE, read_rulebook("solvent").text, "solvent"))


def told(wire, kind, **values):
    record = np.zeros(1, dtype=EVENT_DTYPE)
    record["kind"], record["sequence"], record["time_ns"] = kind, 7, time.time_ns()
    for name, value in values.items():
        record[name] = value
    (one,) = wire.events(record)
    return one


NUMBERS = st.one_of(st.sampled_from([0, 1, -1, 2, 5, 2**31 - 1, -(2**31)]), st.integers(-(2**62), 2**62))
SETS = {"kind", "sequence", "time_ns", "price_version", "mode", "tranche", "refusal"}


@given(kind=st.sampled_from(list(EventKind)), numbers=st.lists(NUMBERS, min_size=30, max_size=30))
def test_whatever_stands_in_a_record_can_be_told(wire, kind, numbers):
    values = {}
    for (name, (dtype, _place)), number in zip(EVENT_DTYPE.fields.items(), numbers, strict=False):
        if name not in SETS:
            limit = np.iinfo(dtype).max
            values[name] = max(min(number, limit), -limit)
    if "mode" in MEANINGS.get(int(kind), {}).get("value", ()) or kind == EventKind.MODE_CHANGED:
        values["value"] = 2
    one = told(wire, int(kind), **values)
    assert json.loads(encode(one))["kind"] == kind.name.lower()


def test_a_meaning_is_of_a_field_that_is_told():
    for kind, meanings in MEANINGS.items():
        names = [name for name, _place in EVENT_FIELDS.get(kind, ())]
        assert kind not in EVENT_FIELDS or set(meanings) <= set(names), EventKind(kind).name


def test_bits_and_shares_become_words(wire):
    one = told(wire, int(EventKind.PRICE_CONDITION_CHANGED), value=0b101, amount_quanta=0)
    assert (one["conditions"], one["before"]) == (["stale", "diverging"], [])
    one = told(wire, int(EventKind.MARGIN_STEPPED), lots=-1, value=1_250_000, amount_quanta=1_000_000)
    assert (one["side"], one["multiplier"], one["before"]) == ("short", "1.250000", "1.000000")
    one = told(wire, int(EventKind.SOURCES_DROPPED), value=0b10)
    assert one["dropped"] == [
        name for (row, number), name in wire.venue.source_names.items() if (row, number) == (0, 1)
    ]
    one = told(wire, int(EventKind.MARK_CLAMPED), price_ticks=1_000_000, value=1_100_000)
    assert (one["price"], one["reported"]) == ("100000.0", "110000.0")
