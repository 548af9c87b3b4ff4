"""Orders out and fills back, against the order-book simulator on a real socket."""

import asyncio
import time

import pytest
from tests.service.running import BTC, open_market, report, running

from solvent.service.orders import VenueOrders
from solvent.service.simulator import Book, OrderBookSimulator
from solvent.service.venue_messages import Fill


def until(condition, seconds=8):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


class World:
    """A service with a simulator behind it, and an account that is about to fall."""

    def __init__(self, depth=2_000_000.0):
        self.maker = 0
        self.simulator = OrderBookSimulator({BTC: Book("0.0001", "0.1", depth)}, lambda: [self.maker])

    def prepare(self, service):
        async def venue(service):
            ready = asyncio.Event()
            simulating = asyncio.create_task(self.simulator.run(0, ready))
            try:
                await ready.wait()
                service.orders = VenueOrders(service, f"ws://127.0.0.1:{self.simulator.port}")
                await service.orders.run()
            finally:
                simulating.cancel()
                await asyncio.gather(simulating, return_exceptions=True)

        service.backgrounds.append(venue)

    def fall(self, run):
        """Open a position that a price of 91,000 makes distressed; give its account."""
        buyer, self.maker = open_market(run, "100000", "10000")
        with run.client() as venue:
            assert venue.deposit(self.maker, "1000000").accepted
            assert venue.trade(buyer, self.maker, BTC, "1.05", "100000").accepted
        self.simulator.books[BTC].mid = 91_050
        with run.client("feeder") as feeder:
            report(feeder, "91000")
        return buyer

    def kinds(self, run, account):
        return [
            event["kind"]
            for _first, _last, events in run.service.hub.kept(1)
            for event in run.service.wire.events(events)
            if event.get("account") == account
        ]


def test_an_order_is_filled_in_parts_and_the_account_recovers():
    world = World(depth=60_000.0)
    with running(prepare=world.prepare) as run:
        buyer = world.fall(run)
        assert until(lambda: "account_recovered" in world.kinds(run, buyer)), world.kinds(run, buyer)
        kinds = world.kinds(run, buyer)
        assert kinds.count("liquidation_filled") > 1
        assert run.service.orders.refused == 0
        assert until(lambda: not world.simulator.untaken), "every fill is told to be taken"
        with run.client("observer") as observer:
            case = observer.get("/v1/cases")["cases"][0]
        assert (case["account"], case["outcome"]) == (buyer, "recovered")
        assert float(case["filled"]) > 0


def test_fills_that_come_twice_and_a_lost_connection_change_nothing():
    world = World(depth=60_000.0)
    world.simulator.repeat_fills = 2
    with running(prepare=world.prepare) as run:
        world.simulator.silent = True
        buyer = world.fall(run)
        assert until(lambda: world.simulator.orders)
        run.call(world.simulator.drop_connections)
        world.simulator.silent = False
        assert until(lambda: "account_recovered" in world.kinds(run, buyer)), world.kinds(run, buyer)
        assert until(lambda: not world.simulator.untaken)

        def told():
            return len({answer["sequence"] for answer in world.simulator.answers if answer["accepted"]})

        carried_out = world.kinds(run, buyer).count("liquidation_filled") + run.service.orders.late_by["late"]
        assert until(lambda: told() == carried_out), (told(), carried_out)
        assert run.service.orders.refused == 0


def test_a_silent_venue_is_not_waited_for_and_its_late_fill_is_an_alert():
    world = World()
    world.simulator.silent = True
    with running(prepare=world.prepare) as run:
        buyer = world.fall(run)
        # the rulebook's time-out is five seconds; then the order is taken back and asked anew or passed on
        assert until(lambda: world.simulator.cancelled, 9), world.kinds(run, buyer)
        assert "liquidation_cancelled" in world.kinds(run, buyer)
        # a fill that crossed the cancel has happened: it becomes the trade it is
        crossed = Fill(
            fill="x", order=world.simulator.cancelled[0], size="0.01", price="91000.0", counterparty=world.maker
        )
        assert run.call(lambda: run.service.orders.fill(crossed))["accepted"] is True
        assert run.service.orders.late == 1
        late = Fill(fill="late", order=world.simulator.cancelled[0], size="0.1", price="91000.0", counterparty=9999)
        told = run.call(lambda: run.service.orders.fill(late))
        assert told["accepted"] is False
        alerts = run.client("observer")
        with alerts:
            kinds = {alert["kind"] for alert in alerts.get("/v1/alerts")["alerts"]}
        assert "fill_refused" in kinds


def test_a_fill_that_crossed_its_cancel_counts_against_the_order_in_its_place_though_nobody_may_open():
    world = World()
    world.simulator.silent = True
    with running(prepare=world.prepare) as run:
        buyer = world.fall(run)
        assert until(lambda: world.simulator.cancelled, 9), world.kinds(run, buyer)
        gone = world.simulator.cancelled[0]
        assert until(lambda: set(run.call(run.service.orders.standing)) - {gone}, 9), world.kinds(run, buyer)
        with run.client("officer") as officer:
            assert officer.submit([{"kind": "set_mode", "market": BTC, "mode": "reduce_only"}]).answers[0].accepted
        crossed = Fill(fill="x", order=gone, size="0.01", price="91000.0", counterparty=world.maker)
        assert run.call(lambda: run.service.orders.fill(crossed))["accepted"] is True
        assert world.kinds(run, buyer).count("liquidation_filled") == 1
        assert run.service.orders.late == 1
        # told again, it is the same fill
        again = run.call(lambda: run.service.orders.fill(crossed))
        assert again["accepted"] is True
        assert world.kinds(run, buyer).count("liquidation_filled") == 1


@pytest.mark.parametrize(
    "order", ["x", "1-2", "a-b-c", "7-99-1", "7-0-99999999999999999999999", "7--1-5", "7-a9-1", "99999-0-1"]
)
def test_a_fill_of_no_order_is_refused_and_told(order):
    world = World()
    with running(prepare=world.prepare) as run:
        assert until(lambda: run.service.orders is not None)
        fill = Fill(fill="f", order=order, size="1", price="1", counterparty=1)
        assert run.call(lambda: run.service.orders.fill(fill))["accepted"] is False


def hold_inventory(run, size="1"):
    """The vault has taken over a position; gives the account of its counterparty."""
    from solvent.codes import SystemAccount

    buyer, seller = open_market(run, "100000", "10000000")
    with run.client() as venue:
        assert venue.contribute_fund(int(SystemAccount.VAULT), "5000000").accepted
        assert venue.trade(buyer, seller, BTC, size, "100000").accepted

    def hand_over():
        # what a takeover leaves behind, without the minutes it takes to come to one
        state, vault = run.service.gateway.engine.state, int(SystemAccount.VAULT)
        row = int(state.accounts[buyer].first_position)
        state.accounts[vault].first_position, state.accounts[vault].position_count = row, 1
        state.positions[row].account = vault
        state.accounts[buyer].first_position, state.accounts[buyer].position_count = -1, 0

    run.call(hand_over)
    return seller


def test_a_pool_works_its_inventory_off_over_the_venues_socket():
    world = World(depth=300_000.0)
    with running(prepare=world.prepare) as run:
        assert until(lambda: run.service.orders is not None and run.service.orders.connected)
        world.maker = hold_inventory(run)
        world.simulator.books[BTC].mid = 100_000
        assert until(lambda: run.service.orders.taken > 0), run.call(run.service.orders.told)
        with run.client("observer") as observer:
            (pool,) = observer.get("/v1/pools")["pools"]
            fills = observer.get("/v1/fills")
        assert world.kinds(run, 4).count("pool_unwound") >= 1
        assert (pool["pool"], pool["account"], pool["row"]) == ("vault", 4, 0)
        assert pool["inventory"][0]["market"] == BTC
        assert float(pool["inventory"][0]["size"]) < 1
        assert float(pool["unwound"]) > 0
        assert fills["unbooked"] == []
        assert fills["connected"] is True
        ordered = [order for order in world.simulator.seen if "-u0-" in order]
        assert ordered


def test_an_unwinding_order_that_is_over_is_taken_back_and_its_late_fill_counts_against_the_next():
    world = World()
    world.simulator.silent = True
    with running(prepare=world.prepare) as run:
        assert until(lambda: run.service.orders is not None and run.service.orders.connected)
        world.maker = hold_inventory(run)
        first = {}

        def ordered():
            first.update({name: one for name, one in world.simulator.orders.items() if "-u0-" in name})
            return first

        assert until(ordered)
        name, order = next(iter(first.items()))
        assert (order["purpose"], order["reduce_only"], order["side"]) == ("unwind", True, "sell")

        def pass_over():
            run.service.gateway.engine.state.unwinds[0].until_ns = 1

        run.call(pass_over)
        assert until(lambda: name in world.simulator.cancelled, 5), world.simulator.cancelled
        assert until(lambda: any("-u0-" in one for one in set(world.simulator.orders) - {name}), 5)
        crossed = Fill(fill="x" * 60, order=name, size="0.01", price="100000", counterparty=world.maker)
        assert run.call(lambda: run.service.orders.fill(crossed))["accepted"] is True
        assert run.service.orders.late_by["next"] == 1


def test_a_fill_in_no_book_is_shown_and_taken_when_it_is_told_again():
    world = World()
    world.simulator.silent = True
    with running(prepare=world.prepare) as run:
        buyer = world.fall(run)
        assert until(lambda: world.simulator.orders), world.kinds(run, buyer)
        order = next(iter(world.simulator.orders))
        with run.client("observer") as observer:
            next_account = observer.get("/v1/venue")["next_account"]
        fill = Fill(fill="early", order=order, size="0.01", price="91000.0", counterparty=next_account)
        for _ in range(2):
            told = run.call(lambda: run.service.orders.fill(fill))
            assert told["accepted"] is False
            assert "COUNTERPARTY_UNKNOWN" in told["why"]
        with run.client("observer") as observer:
            (unbooked,) = observer.get("/v1/fills")["unbooked"]
        assert (unbooked["fill"], unbooked["market"], unbooked["times"]) == ("early", BTC, 2)
        with run.client() as venue:
            assert venue.open_account(next_account, next_account).accepted
            assert venue.deposit(next_account, "100000").accepted
        assert run.call(lambda: run.service.orders.fill(fill))["accepted"] is True
        with run.client("observer") as observer:
            assert observer.get("/v1/fills")["unbooked"] == []
        # and once only
        sequence = run.call(lambda: run.service.orders.fill(fill))["sequence"]
        assert run.call(lambda: run.service.orders.fill(fill))["sequence"] == sequence
        assert world.kinds(run, buyer).count("liquidation_filled") == 1


def test_collateral_is_sold_and_a_debt_is_bought_over_the_socket():
    import numpy as np

    from solvent.events import EVENT_DTYPE, EventKind
    from solvent.service.gateway import Block

    world = World()
    world.simulator.asset_prices = lambda _asset: 2.0
    with running(prepare=world.prepare) as run:
        assert until(lambda: run.service.orders is not None and run.service.orders.connected)
        events = np.zeros(2, dtype=EVENT_DTYPE)
        events["kind"] = EventKind.COLLATERAL_ORDERED, EventKind.DEBT_ORDERED
        events["account"], events["amount_quanta"], events["reference"] = 11, 3_000_000, (5, 6)
        run.call(lambda: run.service.orders.hear(Block(1, 1, np.zeros(0), events)))
        # nobody of that number owes anything here, so both are facts the machine cannot book: they are shown
        assert until(lambda: len(run.service.orders.unbooked) == 2), run.service.orders.told()
        with run.client("observer") as observer:
            listed = {one["order"]: one for one in observer.get("/v1/fills")["unbooked"]}
        assert (listed["11-a0-5"]["amount"], listed["11-a0-5"]["proceeds"]) == ("3.000000", "5.940000")
        assert (listed["11-d0-6"]["amount"], listed["11-d0-6"]["cost"]) == ("3.000000", "6.060000")

        def answered():
            done = events.copy()
            done["kind"] = EventKind.COLLATERAL_SOLD, EventKind.DEBT_COVERED
            run.service.orders.hear(Block(1, 1, np.zeros(0), done))
            return run.service.orders.open

        assert run.call(answered) == {}, "what has nothing left is not out"
