"""Every decoder is total: any bytes give an answer or a fault with a remedy, in bounded time, and never a traceback.

SOLVENT_FUZZ_EXAMPLES says how many examples each test draws (200 without it).
"""

import contextlib
import os
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.engine.faults import EngineFault
from solvent.engine.journal import JOURNAL_NAME, Journal
from solvent.engine.snapshot import read_snapshot, write_snapshot
from solvent.engine.watermark import WATERMARK_NAME, read_mark
from solvent.events import EventKind
from solvent.lab.auditor import Auditor
from solvent.lab.campaign.machine import Machine
from solvent.lab.campaign.story import tell_story
from solvent.lab.cases.reading import CaseFileError, cases_of
from solvent.lab.crash.life import GENESIS, RECORD, Life
from solvent.lab.scenario import parse_scenario
from solvent.market.candles import CandleFileError, read_candles
from solvent.market.feeds import PayloadError, binance, hyperliquid, pyth, recorded, tardis
from solvent.market.symbols import UnknownSymbolError, read_symbol
from solvent.market.venue import parse_venue
from solvent.rulebook.document import parse_rulebook
from solvent.rulebook.faults import RulebookError
from solvent.service.door import check_records
from solvent.service.problems import Problem
from solvent.service.strict import read_json
from solvent.state.terms import TermsShape, blank_terms
from solvent.state.whole import copy_state, digest, new_state

EXAMPLES = int(os.environ.get("SOLVENT_FUZZ_EXAMPLES", "200"))
fuzz = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

EDGES = [0, 1, -1, 2, 2**31 - 1, 2**31, -(2**31), 2**62, 2**63 - 1, -(2**63), 10**18]
WIDE = st.sampled_from(EDGES) | st.integers(-(2**63), 2**63 - 1) | st.integers(-5, 60)
NARROW = st.integers(-(2**31), 2**31 - 1) | st.integers(-2, 45)


@pytest.fixture(scope="module")
def scene() -> Any:
    """A world in the middle of its story."""
    return tell_story(11, 200, 1).scenes[0]


@st.composite
def records(draw: Any) -> Any:
    """Any record: every field any number of its width, most of them zero, the kind mostly one that exists."""
    record = np.zeros(1, COMMAND_DTYPE).view(np.recarray)
    for name in COMMAND_DTYPE.names or ():
        wide = COMMAND_DTYPE[name] == np.int64
        if name == "kind":
            record[name] = draw(st.sampled_from(list(CommandKind)) | NARROW)
        elif draw(st.booleans()):
            record[name] = draw(WIDE if wide else NARROW)
    return record


@fuzz
@given(record=records())
def test_any_record_is_answered(scene: Any, record: Any) -> None:
    """S7, S5: one sequence, one refusal or a lawful change, audited."""
    machine = Machine(copy_state(scene.state))
    auditor = Auditor(machine.state)
    auditor.notes.roundings = scene.roundings
    before = int(machine.state.venue[0].sequence)
    kind = int(record.kind[0])
    if kind == CommandKind.PRICE_REPORT:
        return  # a report needs what the auditor remembers of earlier ones; campaigns send them
    events = machine.do(record, keep=True)
    assert int(machine.state.venue[0].sequence) == before + 1
    assert len(events) < 4_000
    refused = events["kind"] == EventKind.COMMAND_REFUSED
    assert refused.sum() in (0, 1)
    auditor.check(record[0], events, machine.before, machine.state)


@fuzz
@given(content=st.binary(max_size=4_000))
def test_any_bytes_as_a_watermark(tmp_path: Path, content: bytes) -> None:
    (tmp_path / WATERMARK_NAME).write_bytes(content)
    with contextlib.suppress(EngineFault):
        read_mark(tmp_path)


@fuzz
@given(content=st.binary(max_size=6_000), start=st.integers(0, 200))
def test_any_bytes_as_a_journal(tmp_path: Path, content: bytes, start: int) -> None:
    """A whole journal with bytes of its own overwritten by any others, or nothing but those."""
    directory = tmp_path / "journal"
    if not directory.exists():
        life = Life(3)
        life.start = "closed"
        life.prepare(directory)
        (tmp_path / "whole").write_bytes((directory / JOURNAL_NAME).read_bytes())
    whole = (tmp_path / "whole").read_bytes()
    place = start * 97 % len(whole)
    spoiled = whole[:place] + content + whole[place + len(content) :] if start else content
    (directory / JOURNAL_NAME).write_bytes(spoiled)
    for leftover in directory.glob(JOURNAL_NAME + "-*"):
        leftover.unlink()
    try:
        with Journal.open(directory, RECORD, read_only=True) as journal:
            assert journal.genesis == GENESIS
            list(journal.blocks())
    except EngineFault as fault:
        assert fault.remedy


@fuzz
@given(content=st.binary(max_size=3_000), start=st.integers(0, 300))
def test_any_bytes_as_a_snapshot(tmp_path: Path, content: bytes, start: int) -> None:
    terms = blank_terms(TermsShape(1, 2))
    state = new_state(terms)
    path = write_snapshot(tmp_path, state, b"h" * 32)
    whole = path.read_bytes()
    place = start * 31 % len(whole)
    path.write_bytes(whole[:place] + content + whole[place + len(content) :] if start else content)
    try:
        _header, found = read_snapshot(path, terms)
    except EngineFault:
        return
    assert digest(found) == digest(state)


TOML_PIECES = st.lists(
    st.sampled_from(
        ["[rulebook]", "schema = 1", "=", '"', "'''", "[[", "]]", "{", "}", "1e400", "nan", "1979-05-27", "\\u0000"]
    )
    | st.text(max_size=12)
    | st.sampled_from(["[margin]", "kind = 'brackets'", "rate = '1/0'", "a.b.c = 1", "x = " + "9" * 400, "[" * 900]),
    max_size=14,
).map("\n".join)


@fuzz
@given(text=TOML_PIECES | st.text(max_size=400))
@example(text="a = " + "[" * 20_000)
@example(text='schema = "rulebook/1"\nname = 5\n' + "[x]\n" * 3)
def test_any_text_as_a_rulebook(text: str) -> None:
    with contextlib.suppress(RulebookError):
        parse_rulebook(text, "fuzz")


@fuzz
@given(text=TOML_PIECES | st.text(max_size=400))
@example(text="a = " + "[" * 20_000)
def test_any_text_as_a_scenario(text: str) -> None:
    with contextlib.suppress(RulebookError):
        parse_scenario(text, "fuzz")


@fuzz
@given(content=st.binary(max_size=600) | st.text("0123456789.,-eE\n\"'NaNinftime", max_size=400).map(str.encode))
def test_any_bytes_as_candles(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "candles.csv"
    path.write_bytes(content)
    with contextlib.suppress(CandleFileError):
        read_candles(path)


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    amount: int
    name: str = ""


BODIES = st.binary(max_size=300) | st.text('{}[]":,0123456789-+.eEnamoutNInfity \\u', max_size=200).map(str.encode)


@fuzz
@given(body=BODIES)
@example(body=b"[" * 60_000)
@example(body=b'{"amount": ' + b"9" * 5_000 + b"}")
@example(body=b'{"amount": 1, "amount": 2}')
@example(body=b'{"amount": NaN}')
@example(body=b'{"amount": 1e400}')
@example(body=b"\xff" * 70_000)
def test_any_body_of_a_request(body: bytes) -> None:
    decoder = msgspec.json.Decoder(Wanted)
    try:
        read = read_json(body, decoder)
    except Problem:
        return
    assert isinstance(read.amount, int)
    assert body.count(b'"amount"') == 1


@fuzz
@given(body=st.text('{}[]":,0123456789-+.eEexamplsvnutopicrd \\', max_size=300) | st.text(max_size=200))
@example(body="[" * 20_000)
@example(body='{"examples": [{"id": "a", "venue": "dydx", "topic": "x", "inputs": NaN}]}')
def test_any_text_as_cases(body: str) -> None:
    with contextlib.suppress(CaseFileError):
        cases_of(body, "fuzz", {"dydx"})


@fuzz
@given(text=TOML_PIECES | st.text(max_size=400))
@example(text="a = " + "[" * 20_000)
@example(text='schema = "venue/1"\n[venue]\nname = 5\n[[market]]\n')
def test_any_text_as_a_venue(text: str) -> None:
    with contextlib.suppress(RulebookError):
        parse_venue(text, "", "fuzz")


MESSAGES = BODIES | st.sampled_from(
    [
        b'{"stream":"x","data":%s}',
        b'{"e":"markPriceUpdate","E":%s,"s":"BTCUSDT","p":"1","i":"1"}',
        b'{"channel":"trades","data":%s}',
        b'{"channel":"l2Book","data":{"coin":"BTC","levels":%s,"time":1}}',
        b'{"parsed":[{"id":"aa","price":{"price":%s,"conf":"1","expo":-8,"publish_time":1}}]}',
    ]
).flatmap(lambda shape: BODIES.map(lambda inside: shape.replace(b"%s", inside)))


@fuzz
@given(message=MESSAGES)
@example(message=b'{"e":' + b"[" * 60_000)
@example(message=b'{"channel":"trades","data":' + b"[" * 60_000 + b"]" * 60_000 + b"}")
@example(message=b'{"unknown":' + b"[" * 60_000 + b"]" * 60_000 + b',"parsed":[]}')
@example(
    message=b'{"parsed":[{"id":"aa","price":{"price":"' + b"9" * 5_000 + b'","conf":"1","expo":0,"publish_time":1}}]}'
)
def test_any_message_of_a_feed(message: bytes) -> None:
    for read in (
        lambda: binance.Reader().read(message),
        lambda: hyperliquid.Reader().read(message),
        lambda: hyperliquid.read_info(message, 1),
        lambda: pyth.read(message, {"aa": "BTC"}),
    ):
        with contextlib.suppress(PayloadError):
            read()


ROWS = st.lists(st.sampled_from(["1", "-1", "", "a", '"', "1e9", "9" * 30, "\x00"]), max_size=20).map(",".join)


@fuzz
@given(content=st.binary(max_size=300) | st.lists(ROWS, max_size=5).map("\n".join).map(str.encode), head=st.booleans())
@example(content=b'{"received_ns":1,"feed":"binance","message":"' + b"[" * 60_000 + b'"}', head=False)
def test_any_bytes_as_a_recording(tmp_path: Path, content: bytes, head: bool) -> None:
    path = tmp_path / "trades.csv"
    path.write_bytes((",".join(tardis.TRADES).encode() + b"\n" if head else b"") + content)
    for read in (tardis.read_file, recorded.play):
        with contextlib.suppress(PayloadError):
            list(read(path))


@fuzz
@given(text=st.text(max_size=60) | st.text("BTCUSDT/:-_.perp", max_size=24))
def test_any_text_as_a_symbol(text: str) -> None:
    with contextlib.suppress(UnknownSymbolError):
        read_symbol(text)


@fuzz
@given(body=st.binary(max_size=600), whole=st.integers(0, 3))
def test_any_bytes_as_a_batch_of_records(body: bytes, whole: int) -> None:
    size = COMMAND_DTYPE.itemsize
    cut = (body * (size // max(len(body), 1) + 1) * whole)[: size * whole] if body and whole else body
    with contextlib.suppress(Problem):
        check_records(cut)
