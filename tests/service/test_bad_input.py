"""Whatever comes in is answered with a typed problem or taken: never a 500, never a silent cut."""

import json
import socket
import struct
import time

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.service.running import BTC, open_market, running

from solvent.commands import COMMAND_DTYPE
from solvent.service.door import check_records
from solvent.service.openapi import document
from solvent.service.problems import STATUSES, Problem
from solvent.service.stream import FRAMES_MAX
from solvent.service.strict import BODY_BYTES_MAX, has_plainly_no_key_twice, read_json
from solvent.service.wire import BODY_DECODER


@pytest.fixture(scope="module")
def run():
    with running() as run:
        run.buyer, run.seller = open_market(run)
        yield run


DEPOSIT = '{"kind":"deposit","account":11,"amount":"1"}'
BODIES = {
    "nothing": b"",
    "no object": b"[]",
    "half": b'{"id":"x","commands":[',
    "twice": b'{"id":"x","id":"y","commands":[' + DEPOSIT.encode() + b"]}",
    "twice inside": b'{"id":"x","commands":[{"kind":"deposit","account":11,"amount":"1","amount":"2"}]}',
    "not UTF-8": b'{"id":"\xff","commands":[]}',
    "byte order mark": b"\xef\xbb\xbf" + b'{"id":"x","commands":[]}',
    "NaN": b'{"id":"x","commands":[{"kind":"deposit","account":NaN,"amount":"1"}]}',
    "infinity": b'{"id":"x","commands":[{"kind":"deposit","account":1,"amount":-Infinity}]}',
    "huge": b'{"id":"x","commands":[{"kind":"deposit","account":' + b"9" * 5000 + b',"amount":"1"}]}',
    "beyond a row number": b'{"id":"x","commands":[{"kind":"deposit","account":4294967296,"amount":"1"}]}',
    "exponent": b'{"id":"x","commands":[{"kind":"deposit","account":1e2,"amount":"1"}]}',
    "number for text": b'{"id":"x","commands":[{"kind":"deposit","account":11,"amount":1}]}',
    "flag for number": b'{"id":"x","commands":[{"kind":"deposit","account":true,"amount":"1"}]}',
    "null": b'{"id":"x","commands":[{"kind":"deposit","account":null,"amount":"1"}]}',
    "unknown field": b'{"id":"x","commands":[{"kind":"deposit","account":11,"amount":"1","memo":"hi"}]}',
    "unknown kind": b'{"id":"x","commands":[{"kind":"print_money","account":11}]}',
    "no kind": b'{"id":"x","commands":[{"account":11}]}',
    "deep": b'{"id":"x","commands":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep within": b'{"id":"x","commands":' + b"[" * 30 + b"]" * 30 + b"}",
    "too large": b'{"id":"x","commands":["' + b"a" * BODY_BYTES_MAX + b'"]}',
    "too many": b'{"id":"x","commands":[' + ",".join([DEPOSIT] * 257).encode() + b"]}",
    "none": b'{"id":"x","commands":[]}',
    "empty id": b'{"id":"","commands":[' + DEPOSIT.encode() + b"]}",
    "long id": b'{"id":"' + b"x" * 65 + b'","commands":[' + DEPOSIT.encode() + b"]}",
    "id with a line": b'{"id":"a\\nb","commands":[' + DEPOSIT.encode() + b"]}",
    "amount with a sign": b'{"id":"x","commands":[{"kind":"deposit","account":11,"amount":"+1"}]}',
    "amount with spaces": b'{"id":"x","commands":[{"kind":"deposit","account":11,"amount":" 1"}]}',
    "Arabic digits": b'{"id":"x","commands":[{"kind":"deposit","account":11,"amount":"\xd9\xa1"}]}',
    "too fine": b'{"id":"x","commands":[{"kind":"deposit","account":11,"amount":"0.0000001"}]}',
    "amount beyond 64 bits": b'{"id":"x","commands":[{"kind":"deposit","account":11,"amount":"9999999999999999999"}]}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_bad_body_is_a_typed_problem_and_changes_nothing(run, body):
    before = run.service.opened.desk.counts[5]
    with run.client() as venue:
        answer = venue._http.post("/v1/commands", content=body, headers={"content-type": "application/json"})
    told = answer.json()["error"]
    assert answer.status_code == STATUSES[told["code"]]
    assert 400 <= answer.status_code < 500
    assert told["sentence"].endswith(".")
    assert run.service.opened.desk.counts[5] == before


def test_wrong_paths_methods_types_and_queries(run):
    with run.client("observer") as observer:
        http = observer._http
        told = {
            (method, path): http.request(method, path).status_code
            for method, path in (
                ("GET", "/v1/commands"), ("PUT", "/v1/venue"), ("GET", "/nowhere"), ("GET", "/v1/accounts/x"),
                ("GET", "/v1/accounts/99999"), ("GET", "/v1/events?from=-1"), ("GET", "/v1/events?from=1&from=2"),
                ("GET", "/v1/events?limit=99999999999999999999"), ("GET", "/v1/adl"), ("GET", "/v1/cases?losses=maybe"),
                ("GET", "/v1/accounts/1%2f..%2f2"), ("GET", "/static/../api.py"), ("GET", "/v1/glance?x=1"),
            )
        }  # fmt: skip
        text = http.post("/v1/commands", content=b"{}", headers={"content-type": "text/plain"})
    assert set(told.values()) == {404, 405, 422}, told
    assert text.json()["error"]["code"] == "wrong_media_type"


def test_bursts_that_are_none(run):
    size = COMMAND_DTYPE.itemsize
    record = bytearray(size)
    for body in (b"", b"x", bytes(size), bytes(size * 4097), bytes(record)):
        with run.client() as venue:
            headers = {"content-type": "application/octet-stream", "idempotency-key": f"k{len(body)}"}
            answer = venue._http.post("/v1/batch", content=body, headers=headers)
        assert answer.json()["error"]["code"] in ("malformed", "out_of_range", "too_large")
    with run.client() as venue:
        headers = {"content-type": "application/octet-stream"}
        assert venue._http.post("/v1/batch", content=bytes(size), headers=headers).status_code == 422


@settings(max_examples=300)
@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_no_bytes_break_the_decoders(body):
    for read in (lambda: read_json(body, BODY_DECODER), lambda: check_records(body)):
        try:
            read()
        except Problem as problem:
            assert problem.status in (400, 413, 422)


COMMANDS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([BTC, "1.5", "binance"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "account", "amount", "market", "size", "price", "mode", "x"]), inner, max_size=5
        )
    ),
    max_leaves=10,
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["deposit", "trade", "withdraw", "set_leverage", "liquidation_fill"]), fields=st.dictionaries(
    st.sampled_from(["account", "counterparty", "amount", "market", "size", "price", "reference", "leverage"]),
    COMMANDS, max_size=8,
))  # fmt: skip
def test_no_command_breaks_the_service(run, kind, fields):
    body = json.dumps({"id": f"{time.time_ns()}", "commands": [{"kind": kind, **fields}]}).encode()
    with run.client() as venue:
        answer = venue._http.post("/v1/commands", content=body, headers={"content-type": "application/json"})
    assert answer.status_code < 500, (body, answer.text)


SPACE = st.text(" \n\t", max_size=2)
TEXT = st.text('x:,{}[] é"\\', max_size=6).map(json.dumps)


@st.composite
def documents(draw):
    """One object in odd writing, its keys now and then twice; and whether one is."""
    keys = draw(st.lists(st.sampled_from(["id", "commands", "kind", "a"]), max_size=5))
    parts = []
    for key in keys:
        value = draw(st.one_of(TEXT, st.integers(0, 9).map(str), st.just('{"id":1}'), st.just("[]")))
        parts.append(f"{draw(SPACE)}{json.dumps(key)}{draw(SPACE)}:{draw(SPACE)}{value}{draw(SPACE)}")
    return ("{" + ",".join(parts) + "}").encode(), len(set(keys)) < len(keys)


@settings(max_examples=300)
@given(documents())
def test_a_key_that_stands_twice_is_never_overlooked(told):
    content, is_twice = told
    assert not (is_twice and has_plainly_no_key_twice(content))
    if is_twice:
        with pytest.raises(Problem, match="stands twice"):
            read_json(content, msgspec.json.Decoder())


def tried(operation, url, headers, wanted):
    """Cases of one operation, each answered as the document says."""

    @settings(max_examples=12, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy())
    def attempt(case):
        case.call_and_validate(base_url=url, headers=headers, checks=wanted)

    attempt()


def test_schemathesis_finds_no_hole(run):
    """Cases made from the document, at the running service, as the role that may do most of it."""
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed: no cases are made")
    from schemathesis import checks

    described = document()
    described["servers"] = [{"url": run.url}]
    # a takeover or a snapshot needs a venue of its own, and time
    for path in ("/v1/takeover", "/v1/snapshot", "/v1/journal/blocks"):
        described["paths"].pop(path)
    schema = schemathesis.openapi.from_dict(described)
    wanted = [
        checks.CHECKS.get_one(name)
        for name in ("not_a_server_error", "response_schema_conformance", "content_type_conformance")
    ]
    keys = {"post_commands": "gateway", "post_batch": "gateway"}

    for result in schema.get_all_operations():
        operation = result.ok()
        name = operation.definition.raw["operationId"]
        role = keys.get(name, "admin" if "key" in name else "officer")

        headers = {"authorization": f"Bearer {run.keys[role]}"}
        tried(operation, run.url, headers, wanted)
    with run.client("observer") as observer:
        assert observer._http.get("/health").json()["status"] == "ok"


def raw(run, text):
    """Bytes as they are, and what comes back within a second or two."""
    host, port = run.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=3) as connection:
        connection.sendall(text)
        try:
            return connection.recv(65536)
        except TimeoutError:
            return b""


def test_half_open_and_broken_connections_cost_nothing(run):
    assert b"400" in raw(run, b"NONSENSE\r\n\r\n").split(b"\r\n")[0]
    hanging = []
    host, port = run.url.removeprefix("http://").split(":")
    for _ in range(30):
        one = socket.create_connection((host, int(port)), timeout=3)
        one.sendall(
            b"POST /v1/commands HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"
        )
        hanging.append(one)
    with run.client() as venue:
        assert venue.deposit(run.buyer, "1").accepted
    for one in hanging:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()
    with run.client() as venue:
        assert venue.deposit(run.buyer, "1").accepted


def test_a_reader_that_does_not_read_is_dropped_and_told_where_to_go_on(run):
    from solvent.service.stream import Listener

    listener = Listener(frozenset({"events"}), None, False, None)
    run.call(lambda: run.service.hub.join(listener, run.service.hub.newest_sequence + 1))
    with run.client() as venue:
        for _ in range(FRAMES_MAX // 200 + 1):
            venue.submit([{"kind": "deposit", "account": run.buyer, "amount": "1"}] * 200)
    for number in range(FRAMES_MAX + 1):
        run.call(lambda number=number: listener.offer(b"x", number))
        if listener.dropped:
            break
    assert listener.dropped
    assert listener.frames.get_nowait() is None
    run.call(lambda: run.service.hub.leave(listener))


def read_on(opened):
    """Read whatever still comes."""
    while True:
        opened.recv(5)


def test_a_socket_that_is_not_read_is_closed_with_the_sequence_to_go_on_from(run, monkeypatch):
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    from solvent.service import stream

    monkeypatch.setattr(stream, "FRAMES_MAX", 16)
    host, port = run.url.removeprefix("http://").split(":")
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.connect((host, int(port)))
    given = {"additional_headers": {"authorization": f"Bearer {run.keys['observer']}"}, "max_size": None}
    url = f"ws://{host}:{port}/v1/stream"
    hub = run.service.hub
    with connect(url, sock=narrow, max_queue=1, **given) as slow:
        slow.send('{"channels":["events","alerts"]}')
        assert msgspec.json.decode(slow.recv(5))["channel"] == "hello"
        mine = next(listener for listener in hub.listeners if "alerts" in listener.channels)
        text = "x" * 60_000
        for _ in range(600):
            run.call(lambda: hub.tell("alerts", {"alert": text}))
            if mine.dropped:
                break
        assert mine.dropped, "what waits for it is bounded"
        with run.client() as venue:
            began = time.perf_counter()
            assert venue.deposit(run.buyer, "1").accepted
            assert time.perf_counter() - began < 5, "nobody waits for it"
        with pytest.raises(ConnectionClosed) as ended:
            read_on(slow)
    closed = ended.value.rcvd
    assert closed is not None
    assert closed.code == 4408
    sequence = int(closed.reason.removeprefix("resync from "))
    with connect(url, **given) as again:
        again.send(msgspec.json.encode({"channels": ["events"], "from_sequence": sequence}).decode())
        told = [msgspec.json.decode(again.recv(5)) for _ in range(2)]
    (frame,) = [one for one in told if one["channel"] == "events"]
    assert frame["first"] <= sequence <= frame["last"]


@pytest.mark.parametrize("message", ["", "[]", "{", '{"channels":[]}', '{"channels":["x"]}', '{"channels":["events"],"kinds":["x"]}',
                                     '{"channels":["events"],"from_sequence":-1}', '{"channels":["events"],"more":1}', "x" * 5000])  # fmt: skip
def test_a_subscription_that_is_none_is_told_why(run, message):
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    url = run.url.replace("http", "ws") + "/v1/stream"
    with connect(url, additional_headers={"authorization": f"Bearer {run.keys['observer']}"}) as opened:
        opened.send(message)
        told = msgspec.json.decode(opened.recv(5))
        assert told["error"]["code"] in ("malformed", "out_of_range", "too_slow")
        with pytest.raises(ConnectionClosed):
            opened.recv(5)


def test_a_flood_is_told_to_wait_and_safety_goes_first(run):
    """With a queue that is almost full, ordinary commands wait; prices and deposits are still taken."""
    from solvent.commands import Deposit, Trade, pack
    from solvent.service import gateway as module
    from solvent.service.gateway import ORDINARY_COMMANDS_MAX, SERVICE

    gateway = run.service.gateway

    def tried():
        told = {}
        kept, gateway._waiting_commands = gateway._waiting_commands, ORDINARY_COMMANDS_MAX
        try:
            for name, command in (("trade", Trade(0, 11, 12, 0, 5, 10)), ("deposit", Deposit(0, 11, 5))):
                try:
                    gateway._admit(module._Request(SERVICE, pack([command]).tobytes(), "", b"", b""))
                    told[name] = "taken"
                except Problem as problem:
                    told[name] = problem.code
        finally:
            gateway._waiting_commands = kept
        return told

    assert run.call(tried) == {"trade": "queue_full", "deposit": "taken"}
