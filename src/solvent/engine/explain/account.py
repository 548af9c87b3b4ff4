"""Why an account is where it is: equity, requirement of each level, thresholds and prices, as one tree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from solvent.codes import (
    AccountKind,
    AdlPolicy,
    Executor,
    Level,
    Mode,
    Status,
)
from solvent.engine.engine import Engine
from solvent.engine.explain.names import Rules, account_name, words
from solvent.engine.explain.node import Node, NotExplainable, fact, number, plain
from solvent.engine.explain.requirement import level_tree
from solvent.engine.explain.sheet import Judged, Sheet
from solvent.engine.winners import deleveraging_places
from solvent.risk.liquidation import is_breached, threshold_up
from solvent.state.tables import NONE, State
from solvent.state.whole import queued_accounts
from solvent.units import PPM

Place = str | Path


def explain_account(engine_or_directory: Engine | Place, account: int, sequence: int | None = None) -> Node:
    """Why the account is where it is, after command `sequence` or now. Raises NotExplainable and EngineFault."""
    if isinstance(engine_or_directory, Engine):
        engine = engine_or_directory
        if sequence not in (None, engine.sequence):
            raise NotExplainable(
                f"This engine is at sequence {engine.sequence}; for {sequence} give the directory of its journal."
            )
        return _account_tree(engine, account)
    if sequence is not None and sequence < 0:
        raise NotExplainable(f"There is no sequence {sequence}; the first command has sequence 1.")
    place = Path(engine_or_directory)
    with Engine.open(place, read_only=True, until=sequence) as engine:
        if sequence is not None and engine.sequence != sequence:
            raise NotExplainable(f"The journal ends at sequence {engine.sequence}; {sequence} is beyond it.")
        return _account_tree(engine, account)


def _account_tree(engine: Engine, account: int) -> Node:
    state = engine.state
    require_account(state, account)
    rules, sheet = Rules(engine.genesis), Sheet(state, account)
    levels = [level for level in Level if state.levels[level].used == 1]
    held = [row for row in sheet.positions() if sheet.tables.positions[row].lots != 0]
    return fact(
        account_name(account, bool(sheet.account.kind == AccountKind.SYSTEM)),
        _where(state, sheet, rules, account),
        _standing(state, sheet, rules, account),
        *(level_tree(sheet, rules, level) for level in levels),
        _ladder_tree(sheet, rules),
        *(_prices_tree(state, sheet, rules, row, account) for row in held),
        source=f"sequence {engine.sequence}, terms version {int(state.venue[0].terms_version)}",
    )


def require_account(state: State, account: int) -> None:
    """Raises NotExplainable where there is no such account."""
    count = int(state.venue[0].account_count)
    if not 0 <= account < count:
        raise NotExplainable(f"There is no account {account}; the last one opened by then is {count - 1}.")


def _where(state: State, sheet: Sheet, rules: Rules, account: int) -> str:
    row = sheet.account
    if row.status == Status.SOUND:
        equity, requirement, _gains, _notional = sheet.judge(Level.MAINTENANCE)
        if row.kind == AccountKind.SYSTEM:
            return "the venue's own account"
        return "sound: equity covers maintenance" if equity >= requirement else "sound: nothing is required of it"
    waiting = queued_accounts(state).tolist()
    text = f"distressed since sequence {int(row.flagged_sequence)}"
    if account in waiting:
        text += f", place {waiting.index(account) + 1} of {len(waiting)} in the queue"
    if row.order_stage != NONE:
        text += f", stage {rules.stage(int(row.order_stage))} has ordered at sequence {int(row.order_reference)}"
    return text


def _standing(state: State, sheet: Sheet, rules: Rules, account: int) -> Node:
    row = sheet.account
    parts = [
        fact("kind", words(AccountKind(int(row.kind)))),
        fact("status", words(Status(int(row.status)))),
        number("owner", int(row.owner), "owner"),
    ]
    if row.status == Status.DISTRESSED:
        waiting = queued_accounts(state).tolist()
        parts.append(number("flagged at", int(row.flagged_sequence), "sequence"))
        if account in waiting:
            parts.append(number("place in the queue", waiting.index(account) + 1, "", f"of {len(waiting)}"))
        if row.order_stage != NONE:
            stage = int(row.order_stage)
            until = number("order runs until", int(row.order_until_ns), "ns")
            parts.append(fact("stage in force", rules.stage(stage), until, source=rules.stage_source(stage)))
    if row.vault_shares != 0:
        parts.append(number("vault shares", int(row.vault_shares), "shares"))
    for place in sheet.positions():
        position = sheet.tables.positions[place]
        if position.orders == NONE:
            continue
        orders, symbol = sheet.tables.orders[position.orders], rules.symbol(int(position.instrument))
        for name, lots, at, unit in (
            ("bids", int(orders.bid_lots), int(orders.bid_quanta), "quanta"),
            ("offers", int(orders.ask_lots), int(orders.ask_quanta), "quanta"),
            ("with the liquidation engine", int(orders.ordered_lots), int(orders.limit_ticks), "ticks"),
        ):
            if lots != 0:
                parts.append(number(f"{symbol}: {name}", lots, "lots", "", "", number("at", at, unit)))
    for place in sheet.positions():
        instrument = int(sheet.tables.positions[place].instrument)
        mode = Mode(int(state.instruments[instrument].mode))
        if mode != Mode.ACTIVE:
            parts.append(fact(f"{rules.symbol(instrument)}: mode", words(mode)))
    return fact("standing", "", *parts)


def _ladder_tree(sheet: Sheet, rules: Rules) -> Node:
    """The action ladder as this account sees it: each threshold, and whether it is breached."""
    steps: list[Node] = []
    for row, stage in enumerate(sheet.tables.stages):
        if stage.used == 0:
            continue
        equity, requirement, _gains, _notional = sheet.judge(int(stage.level))
        breached = bool(plain(is_breached)(stage, equity, requirement))
        sign = "<=" if stage.or_equal == 1 else "<"
        steps.append(
            number(
                f"stage {rules.stage(row)}",
                int(threshold_up(requirement, int(stage.scale_ppm))),
                "quanta",
                f"{words(Executor(int(stage.executor)))} acts when equity {sign} scale x requirement: "
                + ("breached" if breached else "not breached"),
                rules.stage_source(row),
                number("equity", equity),
                number(f"requirement at {words(Level(int(stage.level)))}", requirement),
                number("scale", int(stage.scale_ppm), "ppm"),
            )
        )
    return fact("action ladder", "of the breached stages the one with the smallest threshold acts first", *steps)


def _prices_tree(state: State, sheet: Sheet, rules: Rules, row: int, account: int) -> Node:
    position = sheet.tables.positions[row]
    or_equal, is_system = int(sheet.tables.stages[0].or_equal), bool(sheet.account.kind == AccountKind.SYSTEM)

    def is_bankrupt(judged: Judged) -> bool:
        return judged.equity < 0

    def is_distressed(judged: Judged) -> bool:
        if is_system:
            return judged.equity < 0
        surplus = judged.equity - judged.requirement - or_equal
        return surplus < 0 and not (judged.requirement == 0 and judged.equity >= 0)

    mark = int(sheet.tables.instruments[position.instrument].mark_ticks)

    def price(label: str, is_bad: Callable[[Judged], bool], meaning: str) -> Node:
        edges = sheet.edges(row, is_bad)
        others = [number("on the other side too", edge, "ticks") for edge in edges[1:]]
        rule = f"the first mark at which {meaning}, other marks as they are"
        if not edges:
            is_always = is_bad(sheet.judge(Level.MAINTENANCE))
            rule = f"{meaning} at every mark" if is_always else f"there is no mark at which {meaning}"
        return number(label, edges[0] if edges else None, "ticks", rule, "", *others)

    liquidation = price("liquidation price", is_distressed, "the account is distressed")
    return fact(
        f"{rules.symbol(int(position.instrument))}: prices",
        "",
        number("mark", mark, "ticks"),
        liquidation,
        number(
            "distance to liquidation",
            abs(mark - liquidation.value) * PPM // mark if liquidation.value is not None and mark else None,
            "ppm",
            "of the mark, rounded down",
        ),
        price("bankruptcy price", is_bankrupt, "equity is below zero"),
        _place_tree(state, account, int(position.instrument)),
    )


def _place_tree(state: State, account: int, instrument: int) -> Node:
    """Where the account stands among those who would close against a default in this market."""
    place = deleveraging_places(state, account, instrument)
    if place is None:
        return fact("place for deleveraging", "none: only a position with a gain is deleveraged")
    rule = f"of {place['of']} winners on its side, {words(AdlPolicy(int(state.policy[0].adl_policy)))}"
    return number("place for deleveraging", place["rank"], "", rule)
