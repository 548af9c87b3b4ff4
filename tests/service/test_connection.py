"""The short cut on the connection: whatever comes in pieces, in a row, too slowly or half is answered as it should be."""

import json
import socket
import time

import pytest
from tests.service.running import open_market, running

from solvent.service import connection, serve
from solvent.service.door import BATCH_BYTES_MAX


@pytest.fixture(scope="module")
def run():
    with running() as run:
        run.buyer, run.seller = open_market(run)
        yield run


def body(run, identifier):
    deposit = {"kind": "deposit", "account": run.buyer, "amount": "1"}
    return json.dumps({"id": identifier, "commands": [deposit]}).encode()


def request(run, content, role="gateway", path="/v1/commands", media="application/json", more=""):
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {run.keys[role]}\r\ncontent-type: {media}\r\n"
    return f"{head}content-length: {len(content)}\r\n{more}\r\n".encode() + content


def opened(run):
    host, port = run.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=5)


def answers(connection, count):
    """So many answers of one connection, each as (status, document)."""
    told, held = [], b""
    while len(told) < count:
        head, found, rest = held.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0) if found else 0
        if not found or len(rest) < length:
            more = connection.recv(65536)
            assert more, (told, held)
            held += more
            continue
        told.append((int(head.split()[1]), json.loads(rest[:length])))
        held = rest[length:]
    return told


def test_a_request_in_single_bytes_is_one_request(run):
    with opened(run) as client:
        for byte in request(run, body(run, "bytes")):
            client.sendall(bytes([byte]))
        ((status, told),) = answers(client, 1)
    assert (status, told["answers"][0]["accepted"]) == (200, True)


def test_requests_in_a_row_are_answered_in_their_order_whatever_way_they_take(run):
    row = b"".join(
        [
            request(run, body(run, "row-1")),
            request(run, body(run, "row-2")),
            b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n",
            request(run, b"{}"),
            request(run, body(run, "row-3")),
        ]
    )
    with opened(run) as client:
        client.sendall(row)
        told = answers(client, 5)
    assert [status for status, _document in told] == [200, 200, 200, 400, 200]
    assert [document.get("id") for _status, document in told] == ["row-1", "row-2", None, None, "row-3"]
    sequences = [told[place][1]["first_sequence"] for place in (0, 1, 4)]
    assert sequences == sorted(sequences)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda text: text.replace(b"application/json", b"text/plain"), 415),
        (lambda text: text.replace(b"Bearer slv_", b"Bearer slv_x"), 401),
        (lambda text: text.replace(b"Bearer ", b"Basic "), 401),
        (lambda text: text.replace(b"authorization: ", b"x-authorization: "), 401),
        (lambda text: text.replace(b"content-type: application/json", b"content-type: application/json; charset=utf-8"), 200),
        (lambda text: text.replace(b"HTTP/1.1", b"HTTP/1.0"), 200),
        (lambda text: text.replace(b"/v1/commands", b"/v1/commands?x=1"), 200),
        (lambda text: text.replace(b"POST", b"PUT", 1), 405),
    ],
)  # fmt: skip
def test_whatever_is_not_in_the_ordinary_form_takes_the_ordinary_way(run, change, status):
    with opened(run) as client:
        client.sendall(change(request(run, body(run, f"other-{time.time_ns()}"))))
        ((found, _told),) = answers(client, 1)
    assert found == status


def test_a_chunked_body_and_one_that_is_asked_for_first_are_taken(run):
    content = body(run, "chunked")
    head = request(run, b"").replace(b"content-length: 0", b"transfer-encoding: chunked")
    with opened(run) as client:
        client.sendall(head + f"{len(content):x}\r\n".encode() + content + b"\r\n0\r\n\r\n")
        assert answers(client, 1)[0][0] == 200
    with opened(run) as client:
        whole = request(run, body(run, "expected"), more="expect: 100-continue\r\n")
        head, _, content = whole.partition(b"\r\n\r\n")
        client.sendall(head + b"\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        client.sendall(content)
        assert answers(client, 1)[0][0] == 200


def test_a_length_beyond_the_limit_is_refused_before_the_body_comes(run):
    head = request(run, b"", path="/v1/batch", media="application/octet-stream", more="idempotency-key: b\r\n")
    with opened(run) as client:
        client.sendall(head.replace(b"content-length: 0", b"content-length: %d" % (BATCH_BYTES_MAX + 1)))
        ((status, told),) = answers(client, 1)
    assert (status, told["error"]["code"]) == (413, "too_large")


def test_a_body_that_does_not_come_is_not_waited_for(run, monkeypatch):
    monkeypatch.setattr(connection, "BODY_SECONDS_MAX", 0.2)
    with opened(run) as client:
        client.sendall(request(run, body(run, "slow"))[:-5])
        ((status, told),) = answers(client, 1)
        assert (status, told["error"]["code"]) == (408, "too_slow")
        assert client.recv(100) == b"", "and the connection ends"


def test_a_client_that_goes_away_does_not_take_its_command_with_it(run):
    content = body(run, "gone")
    with opened(run) as client:
        client.sendall(request(run, content))
    with opened(run) as client:
        client.sendall(request(run, content))
        ((status, told),) = answers(client, 1)
    assert status == 200
    assert told["answers"][0]["accepted"] is True


def test_a_head_that_is_known_already_means_the_same(run):
    heads = [request(run, body(run, f"known-{number}")) for number in range(6)]
    with opened(run) as client:
        for one in heads[:3]:
            client.sendall(one)
            assert answers(client, 1)[0][1]["answers"][0]["accepted"] is True
        # the same head again with its body in pieces, with another request behind it, and with a body that is no JSON
        whole = heads[3]
        client.sendall(whole[:-7])
        time.sleep(0.05)
        client.sendall(whole[-7:] + heads[4])
        assert [told["id"] for _status, told in answers(client, 2)] == ["known-3", "known-4"]
        client.sendall(heads[5][:-1] + b"]")
        assert answers(client, 1)[0][0] == 400
        client.sendall(heads[5])
        assert answers(client, 1)[0][1]["duplicate"] is False
        # asked again it is the same request
        client.sendall(heads[5])
        assert answers(client, 1)[0][1]["duplicate"] is True


def test_a_head_cut_where_a_known_one_would_begin_is_no_known_one(run):
    known, other = request(run, body(run, "cut-1")), request(run, body(run, "cut-2"))
    with opened(run) as client:
        for _ in range(2):
            client.sendall(known)
            assert answers(client, 1)[0][0] == 200
        # half a head of a request to another path, then bytes that alone would be a known request
        client.sendall(b"POST /v1/unknown HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(other))
        time.sleep(0.05)
        client.sendall(other)
        assert answers(client, 1)[0][0] == 404, "they were the body of the first"


def test_a_key_that_is_revoked_opens_nothing_though_its_head_is_known(run):
    with run.client("admin") as admin:
        made = admin.post("/v1/keys", {"name": "short-lived", "role": "gateway"})
    run.keys["short"] = made["key"]
    with opened(run) as client:
        for number in range(3):
            client.sendall(request(run, body(run, f"short-{number}"), role="short"))
            assert answers(client, 1)[0][0] == 200
        with run.client("admin") as admin:
            admin.delete(f"/v1/keys/{made['id']}")
        client.sendall(request(run, body(run, "short-9"), role="short"))
        assert answers(client, 1)[0][0] == 401


def test_a_connection_that_is_quiet_is_closed_and_a_busy_one_is_not(monkeypatch):
    monkeypatch.setattr(serve, "KEEP_ALIVE_S", 0.4)
    with running() as run:
        run.buyer, _seller = open_market(run)
        with opened(run) as busy, opened(run) as quiet:
            quiet.sendall(request(run, body(run, "quiet")))
            assert answers(quiet, 1)[0][0] == 200
            for number in range(8):
                busy.sendall(request(run, body(run, f"busy-{number}")))
                assert answers(busy, 1)[0][0] == 200
                time.sleep(0.1)
            assert quiet.recv(100) == b""


def test_a_head_that_does_not_come_is_not_waited_for(run, monkeypatch):
    monkeypatch.setattr(connection, "HEAD_SECONDS_MAX", 0.2)
    with opened(run) as client:
        client.sendall(request(run, body(run, "first")))
        assert answers(client, 1)[0][0] == 200
        client.sendall(b"GET /health HTTP/1.1\r\nhost:")
        ((status, told),) = answers(client, 1)
        assert (status, told["error"]["code"]) == (408, "too_slow")
        assert client.recv(100) == b"", "and the connection ends"
    with opened(run) as client:
        client.sendall(b"GET /health HTTP/1.1\r\nhost:")
        time.sleep(0.05)
        client.sendall(b" x\r\n\r\n")
        assert answers(client, 1)[0][0] == 200


def test_who_connects_and_asks_for_nothing_is_not_kept(monkeypatch):
    monkeypatch.setattr(serve, "KEEP_ALIVE_S", 0.3)
    with running() as run, opened(run) as client:
        assert client.recv(100) == b""
