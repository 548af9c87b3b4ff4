"""Two tellings of one day, and what must be equal in what they lead to."""

import random
from collections.abc import Callable

import numpy as np

from solvent.codes import Executor, Tranche
from solvent.lab.metamorphic.alias import alias
from solvent.lab.metamorphic.telling import (
    ACCOUNTS,
    LIVELY,
    POOLED,
    QUIET,
    WITHOUT_FUNDING,
    Move,
    Outcome,
    Telling,
    TwinsDiffer,
    day,
    play,
)
from solvent.risk.deleverage import pair_pro_rata

ALL_LAYERS = (Tranche.VENUE_FUND, Tranche.ADL, Tranche.HAIRCUT_ALL)
FIXED_QUANTA = 200_000


def _agree(
    what: str, seed: int, one: Outcome, other: Outcome, *, but: tuple[str, ...] = (), slack: tuple[str, ...] = ()
) -> int:
    """Raise where the outcomes differ; parts named in `slack` may, by a quantum a command (roundings of halves)."""
    differing = one.differs(other, but=(*but, *slack))
    for name in slack:
        apart = np.abs(np.array(getattr(one, name)) - np.array(getattr(other, name))).max()
        if apart > one.commands + other.commands:
            differing.append(name)
    if differing:
        first = differing[0]
        detail = f"{getattr(one, first)} and {getattr(other, first)}"
        raise TwinsDiffer(f"{what}, day {seed}: {', '.join(differing)} differ: {detail}"[:400])
    return one.commands + other.commands


def no_ops(seed: int) -> int:
    """Refused commands, an order taken back, the same price again and notes in between change nothing."""
    moves = day(seed)
    total = 0
    for executor in Executor:
        one = play(moves, Telling(executor=executor, tranches=ALL_LAYERS))
        total += _agree("no-ops", seed, one, play(moves, Telling(executor=executor, tranches=ALL_LAYERS, noise=True)))
    return total


def numbers(seed: int) -> int:
    """Nobody gains by a number: accounts opened in another order end with the same money."""
    order = list(range(ACCOUNTS))
    random.Random(seed).shuffle(order)
    moves = day(seed)
    return _agree("numbers", seed, play(moves, Telling()), play(moves, Telling(numbers=order)))


def _independent(first: Move, second: Move) -> bool:
    """True when two moves concern different accounts, and no price between them."""
    with_money, with_trade = {"deposit", "withdraw"}, {"deposit", "withdraw", "trade"}
    if first.kind not in with_trade or second.kind not in with_trade:
        return False
    concerned = [{move.account} if move.kind in with_money else {move.account, move.other} for move in (first, second)]
    return not concerned[0] & concerned[1]


def order(seed: int) -> int:
    """Neighbours that concern different accounts may change places, as often as one likes."""
    moves = day(seed)
    swapped = list(moves)
    exchanged = 0
    for _ in range(3):
        for place in range(len(moves) - 1):
            if _independent(swapped[place], swapped[place + 1]):
                swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
                exchanged += 1
    if exchanged == 0:
        raise TwinsDiffer(f"order, day {seed}: there was nothing to exchange")
    one, other = play(moves, Telling()), play(swapped, Telling())
    one.refused.sort()
    other.refused.sort()
    return _agree("order", seed, one, other)


def pieces(seed: int) -> int:
    """A deposit in two parts is the deposit; a trade in two halves at one price is the trade."""
    moves = [move for move in day(seed) if move.kind not in ("trade", "withdraw")]
    total = _agree("pieces", seed, play(moves, Telling()), play(moves, Telling(halves=True)))
    # as many trades as the accounts can bear whatever the order of the halves: small, before any price
    trades = [move._replace(amount=4, away=0) for move in day(seed) if move.kind == "trade"][:12]
    return total + _agree(
        "pieces", seed, play(trades, Telling()), play(trades, Telling(halves=True)), but=("refused", "wallets", "costs")
    )


def finer(seed: int) -> int:
    """A finer tick, or a finer lot, with the values unchanged: every amount of money is the same, funding rounded."""
    moves = day(seed)
    total = 0
    for executor in Executor:
        one = play(moves, Telling(executor=executor))
        total += _agree("ticks", seed, one, play(moves, Telling(executor=executor, ticks=4)))
        # the index of funding is kept for a whole lot, and rounded there
        other = play(moves, Telling(executor=executor, lots=4))
        total += _agree("lots", seed, one, other, slack=("wallets", "equities", "funds"))
    return total


def money(seed: int) -> int:
    """A finer quantum: the same answers and positions, and ten times the money, roundings apart."""
    moves = day(seed)
    total = 0
    for executor in Executor:
        one, other = (play(moves, Telling(executor=executor, tranches=ALL_LAYERS, money=times)) for times in (1, 10))
        total += _agree("money", seed, one, other, slack=("wallets", "costs", "equities", "funds"))
    return total


def inverse(seed: int) -> int:
    """The same of inverse contracts: no-ops, numbers, a finer tick, a finer lot; the values are the same fractions."""
    moves = day(seed)
    total = 0
    for executor in Executor:
        one = play(moves, Telling(executor=executor, tranches=ALL_LAYERS, inverse=True))
        for what, changed in (("no-ops", {"noise": True}), ("ticks", {"ticks": 4})):
            other = play(moves, Telling(executor=executor, tranches=ALL_LAYERS, inverse=True, **changed))
            total += _agree(f"inverse {what}", seed, one, other)
        other = play(moves, Telling(executor=executor, tranches=ALL_LAYERS, inverse=True, lots=4))
        total += _agree("inverse lots", seed, one, other, slack=("wallets", "equities", "funds"))
    order = list(range(ACCOUNTS))
    random.Random(seed).shuffle(order)
    one, other = play(moves, Telling(inverse=True)), play(moves, Telling(inverse=True, numbers=order))
    return total + _agree("inverse numbers", seed, one, other)


def members(seed: int) -> int:
    """Members of the vault gain nothing by their number, and nothing by what is refused or taken back around them."""
    moves = day(seed, POOLED)
    order = list(range(ACCOUNTS))
    random.Random(seed).shuffle(order)
    one, noisy, other = (
        play(moves, Telling(executor=Executor.BACKSTOP_VAULT, **changed))
        for changed in ({}, {"noise": True}, {"numbers": order})
    )
    if not any(one.shares):
        raise TwinsDiffer(f"members, day {seed}: nobody joined")
    return _agree("members", seed, one, noisy) + _agree("members", seed, one, other)


def mirror(seed: int) -> int:
    """Longs for shorts at a mark that stands still: the same equity, the same requirement.

    What is closed in part may be rounded the other way, so equities may differ by a quantum a trade; nothing else.
    """
    moves = day(seed, QUIET)
    one, other = play(moves, Telling()), play(moves, Telling(mirror=True))
    return _agree("mirror", seed, one, other, but=("wallets", "costs", "funds"), slack=("equities",))


def mirror_moving(seed: int) -> int:
    """Longs for shorts at prices reflected at the first: the same accounts are liquidated, for the same losses.

    A share of the value is another on the other side of the mirror, so each position requires a fixed amount here.
    """
    moves = day(seed, WITHOUT_FUNDING)
    total = 0
    for executor in (Executor.ENGINE, Executor.BACKSTOP_VAULT):
        one, other = (
            play(moves, Telling(executor=executor, fixed_quanta=FIXED_QUANTA, mirror=side)) for side in (False, True)
        )
        # whose reason comes first follows the side; that there is one does not
        for outcome in (one, other):
            outcome.refused = [min(reason, 1) for reason in outcome.refused]
        total += _agree("mirror", seed, one, other, but=("wallets", "costs"), slack=("equities", "funds"))
    return total


def split(seed: int) -> int:
    """Every account as two of one owner, which share evenly what it has: the same answers, and the same money.

    Read the other way it says that merging them changes nothing either. A queue of winners takes whole accounts in
    turn, so deleveraging may leave the two unlike each other: `split_winner` is about that.
    """
    total = 0
    for executor in (Executor.ENGINE, Executor.BACKSTOP_VAULT):
        moves = day(seed, LIVELY if executor == Executor.ENGINE else WITHOUT_FUNDING)
        one, other = (play(moves, Telling(executor=executor, tranches=ALL_LAYERS, parts=parts)) for parts in (1, 2))
        money_only = ("wallets", "costs", "equities", "funds")
        total += _agree("split", seed, one, other, but=("flags",), slack=money_only)
        if 2 * one.flags != other.flags:
            raise TwinsDiffer(f"split, day {seed}: {one.flags} accounts flagged as one, {other.flags} as two")
    return total


def split_winner(seed: int) -> int:
    """A winner as one account or as several of one owner: its part moves by less than one lot for each piece."""
    chance = random.Random(seed)
    for _ in range(40):
        winners = [chance.randint(1, 5_000) for _ in range(chance.randint(2, 8))]
        closing = chance.randint(1, sum(winners))
        whole = np.zeros(16, np.int64)
        pair_pro_rata(closing, np.array(winners), len(winners), whole, 0, 0)
        parts = chance.randint(2, 6)
        cut = np.diff([0, *sorted(chance.randint(0, winners[0]) for _ in range(parts - 1)), winners[0]])
        divided = np.zeros(16, np.int64)
        pair_pro_rata(closing, np.array([*cut, *winners[1:]]), parts + len(winners) - 1, divided, 0, 0)
        if int(whole.sum()) != closing or int(divided.sum()) != closing:
            raise TwinsDiffer(f"split: {closing} to close, {int(whole.sum())} and {int(divided.sum())} closed")
        if abs(int(divided[:parts].sum()) - int(whole[0])) > 1:
            raise TwinsDiffer(f"split: {int(whole[0])} as one, {int(divided[:parts].sum())} as {parts}")
    return 0


TWINS: tuple[Callable[[int], int], ...] = (
    no_ops,
    numbers,
    order,
    pieces,
    finer,
    money,
    inverse,
    members,
    mirror,
    mirror_moving,
    split,
    split_winner,
    alias,
)
"""Each takes a seed, gives the number of commands it told, and raises TwinsDiffer or LawBroken."""
