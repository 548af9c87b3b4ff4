"""The interface from outside: a running service, real sockets."""

import numpy as np
import pytest
from tests.service.running import BTC, open_market, report, running

from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.service.client import ServiceProblem


@pytest.fixture(scope="module")
def run():
    with running() as run:
        yield run


@pytest.fixture(scope="module")
def pair(run):
    return open_market(run)


def test_a_trade_is_seen_in_the_account(run, pair):
    buyer, seller = pair
    with run.client() as venue:
        answer = venue.trade(buyer, seller, BTC, "5", "100000")
        assert answer.accepted, answer
        account = venue.account(buyer)
    position = account.positions[0]
    assert (position.size, position.side, position.value) == ("5.0000", "long", "500000.000000")
    assert float(position.liquidation_price) < 100_000
    assert [level.level for level in account.levels] == ["initial", "maintenance"]
    engine = run.service.gateway.engine
    assert account.levels[0].equity == run.service.wire.money(int(engine.state.accounts[buyer].wallet_quanta))


def test_a_refusal_is_an_answer_with_its_sentence(run, pair):
    with run.client() as venue:
        answer = venue.withdraw(pair[0], "99999999")
    assert not answer.accepted
    assert answer.refusal.name == "WITHDRAWAL_EXCEEDS_FREE"
    assert answer.refusal.sentence.endswith(".")


def test_the_same_request_is_carried_out_once(run, pair):
    command = [{"kind": "deposit", "account": pair[0], "amount": "5"}]
    with run.client() as venue:
        before = venue.account(pair[0]).wallet
        first = venue.submit(command, "once")
        second = venue.submit(command, "once")
        assert (first.answers, first.duplicate, second.duplicate) == (second.answers, False, True)
        with pytest.raises(ServiceProblem) as told:
            venue.submit([{"kind": "deposit", "account": pair[0], "amount": "6"}], "once")
        assert (told.value.status, told.value.code) == (409, "id_reused")
        assert float(venue.account(pair[0]).wallet) == float(before) + 5


def test_a_burst_of_records_and_its_refusals(run, pair):
    buyer, seller = pair
    records = np.zeros(50, dtype=COMMAND_DTYPE)
    records["kind"], records["account"], records["counterparty"] = CommandKind.TRADE, buyer, seller
    records["lots"], records["price_ticks"] = 1, 1_000_000
    records["counterparty"][7] = buyer
    with run.client() as venue:
        answer = venue.burst(records, "burst-1")
        assert (answer.count, answer.refused) == (50, [(7, 205)])
        again = venue.burst(records, "burst-1")
        assert (again.duplicate, again.first_sequence) == (True, answer.first_sequence)


def test_all_faults_of_a_request_are_told_at_once(run):
    commands = [
        {"kind": "deposit", "account": 99, "amount": "0.0000001"},
        {"kind": "trade", "account": 1, "counterparty": 2, "market": "DOGE", "size": "1", "price": "1"},
        {"kind": "price_report", "market": BTC, "source": "nobody", "price": "0.05", "source_time_ns": 1},
    ]
    with run.client() as venue:
        answer = venue._http.post("/v1/commands", json={"id": "x", "commands": commands})
    places = [fault["place"] for fault in answer.json()["error"]["faults"]]
    assert places == ["commands[0].amount", "commands[1].market", "commands[2].source", "commands[2].price"]
    assert answer.status_code == 422


def test_a_price_flags_and_the_worklist_reaches_the_stream(run):
    buyer, seller = open_market(run, "100000", "10000")
    with run.client() as venue, run.client("feeder") as feeder, run.client("observer") as observer:
        frames = observer.events(channels=("events", "worklist"), wait_s=5)
        assert next(frames)["channel"] == "hello"
        assert venue.trade(buyer, seller, BTC, "1.05", "100000").accepted
        # within the step guard, and far enough for ten-fold leverage
        report(feeder, "91000")
        seen, lists = set(), []
        for frame in frames:
            if frame["channel"] == "worklist":
                lists += frame["lists"]
            else:
                seen |= {event["kind"] for event in frame["events"]}
            if lists and any(buyer in told["accounts"] for told in lists) and "liquidation_ordered" in seen:
                break
        told = next(told for told in lists if buyer in told["accounts"])
        assert told["mark"] == "91000.0"
        kept = observer.get("/v1/worklists", limit=1000)
        assert told in kept["lists"]
        assert observer.get("/v1/queue")["accounts"] == [buyer]
        report(feeder, "100000")


def test_events_are_paged_without_a_gap(run, pair):
    with run.client("observer") as observer:
        newest, first, seen = None, 1, []
        oldest = run.service.hub.oldest_sequence
        first = oldest
        while newest is None or first <= newest:
            page = observer.get("/v1/events", **{"from": first, "limit": 20})
            newest = newest or page["newest"]
            assert page["next"] > first or page["next"] > newest
            seen += [event["sequence"] for event in page["events"]]
            first = page["next"]
        assert seen == sorted(seen)
        assert len(seen) == sum(1 for _first, _last, events in run.service.hub.kept(oldest) for event in events
                                if event["sequence"] <= seen[-1])  # fmt: skip


def test_every_view_answers(run, pair):
    paths = ["glance", "markets", "funds", "ladder", "queue", "worklists", "cases", "deficits", "breakers", "rulebook"]
    with run.client("observer") as observer:
        for path in paths:
            assert observer.get(f"/v1/{path}"), path
        assert observer.get("/v1/adl", market=BTC, side="short")["side"] == "short"
        tree = observer.explain(pair[0])
        assert tree["label"] == f"account {pair[0]}"
        assert b"solvent_commands_total" in observer._http.get("/metrics").content
        assert observer._http.get("/health").json()["status"] == "ok"
        assert observer.get("/v1/digest")["digest"] == run.call(run.service.gateway.engine.digest)
