"""Commands: one record each, packed and unpacked without loss, and refused where a field has no business."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent.codes import REFUSAL_SENTENCES, Refusal
from solvent.commands import COMMAND_DTYPE, COMMANDS, USED_MASKS, CommandKind, fields_set, pack, unpack
from solvent.engine.engine import Engine, Genesis
from solvent.events import EventKind
from solvent.state.terms import TermsShape, blank_terms

NAMES = [name for name in COMMAND_DTYPE.names or () if name != "kind"]
KINDS = list(CommandKind)


def values_of(field: str) -> st.SearchStrategy[int]:
    """Every whole number the field of the record holds."""
    bits = COMMAND_DTYPE[field].itemsize * 8 - 1
    return st.sampled_from([0, 1, -1, 2**bits - 1, -(2**bits)]) | st.integers(-(2**bits), 2**bits - 1)


@st.composite
def any_command(draw: Any) -> Any:
    command = COMMANDS[draw(st.sampled_from(KINDS))]
    return command(**{field.name: draw(values_of(field.name)) for field in fields(command)})


def blank_engine() -> Engine:
    return Engine.in_memory(Genesis.of(blank_terms(TermsShape(1, 1)), ["-"], {}))


def test_a_command_takes_168_bytes_of_whole_numbers() -> None:
    assert COMMAND_DTYPE.itemsize == 168
    assert {COMMAND_DTYPE[name].kind for name in COMMAND_DTYPE.names or ()} == {"i"}


def test_every_kind_has_its_dataclass_and_a_number_of_its_own() -> None:
    assert set(COMMANDS) == set(KINDS)
    assert [int(kind) for kind in KINDS] == sorted({int(kind) for kind in KINDS})
    assert all(command.kind == kind and command.__doc__ for kind, command in COMMANDS.items())
    assert all({field.name for field in fields(command)} <= set(NAMES) for command in COMMANDS.values())


@settings(max_examples=300)
@given(st.lists(any_command(), max_size=8))
def test_what_is_packed_is_unpacked(commands: list[Any]) -> None:
    records = pack(commands)
    assert len(records) == len(commands)
    assert unpack(records) == commands
    assert pack(unpack(records)).tobytes() == records.tobytes()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_number_too_large_for_its_field_is_an_error_and_not_another_number(kind: CommandKind) -> None:
    command = COMMANDS[kind]
    for field in fields(command):
        bits = COMMAND_DTYPE[field.name].itemsize * 8 - 1
        for value in (2**bits, -(2**bits) - 1, 10**30):
            given_fields = {other.name: 1 for other in fields(command)} | {field.name: value}
            with pytest.raises(OverflowError):
                pack([command(**given_fields)])


def test_a_record_of_no_known_kind_is_no_command() -> None:
    records = np.zeros(1, dtype=COMMAND_DTYPE)
    for kind in (0, -1, max(KINDS) + 1):
        records["kind"] = kind
        with pytest.raises(ValueError, match="CommandKind"):
            unpack(records)


@pytest.mark.parametrize("name", NAMES)
def test_the_mask_of_set_fields_follows_the_order_of_the_record(name: str) -> None:
    record = np.zeros(1, dtype=COMMAND_DTYPE).view(np.recarray)
    assert plain(fields_set)(record[0]) == 0
    for value in (1, -1):
        record[name] = value
        assert plain(fields_set)(record[0]) == 1 << NAMES.index(name)


def test_a_field_a_kind_does_not_use_must_be_zero() -> None:
    unused = [(kind, name) for kind in KINDS for name in NAMES if name not in {f.name for f in fields(COMMANDS[kind])}]
    records = np.zeros(len(unused), dtype=COMMAND_DTYPE)
    for row, (kind, name) in enumerate(unused):
        records[row]["kind"] = kind
        records[row]["time_ns"] = 1
        records[row][name] = -1 if row % 2 else 1
        assert not USED_MASKS[kind] >> NAMES.index(name) & 1
    engine = blank_engine()
    events = engine.submit(records)
    assert len(events) == len(unused) > 300
    assert set(events.kind) == {EventKind.COMMAND_REFUSED}
    wrong = [unused[row] for row in range(len(unused)) if events.refusal[row] != Refusal.FIELD_NOT_USED]
    assert wrong == []
    assert list(events.value) == [int(kind) for kind, _name in unused]
    assert list(events.sequence) == list(range(1, len(unused) + 1))


def test_a_refusal_changes_nothing_but_the_sequence() -> None:
    engine = blank_engine()
    before = {name: getattr(engine.state, name).tobytes() for name in engine.state._fields}
    records = np.zeros(6, dtype=COMMAND_DTYPE)
    records["kind"] = [0, -5, max(CommandKind) + 1, 2**31 - 1, CommandKind.ADVANCE, CommandKind.ADVANCE]
    records["time_ns"] = [5, 5, 5, 5, 0, 2**62]
    events = engine.submit(records)
    assert list(events.refusal) == [Refusal.KIND_UNKNOWN] * 4 + [Refusal.TIME_OUT_OF_RANGE] * 2
    assert engine.sequence == 6
    engine.state.venue[0].sequence = 0
    assert {name: getattr(engine.state, name).tobytes() for name in engine.state._fields} == before


def test_every_refusal_has_a_sentence_that_helps() -> None:
    assert set(REFUSAL_SENTENCES) == set(Refusal)
    assert all(sentence.endswith(".") and len(sentence) < 120 for sentence in REFUSAL_SENTENCES.values())
    assert len(set(REFUSAL_SENTENCES.values())) == len(Refusal)
