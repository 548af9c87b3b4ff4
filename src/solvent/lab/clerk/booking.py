"""The clerk books one event, and says which law it breaks if it does: law x 1000 + a place in this file, or 0."""

from solvent.codes import (
    AccountKind,
    Level,
    Mode,
    SystemAccount,
)
from solvent.events import EventKind
from solvent.lab.clerk.books import (
    BOUNDED,
    GATED,
    LOST,
    SEQUENCE,
    TERMS_VERSION,
    UNJUDGED,
)
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.judge import (
    equity_of,
    surplus_of,
)
from solvent.lab.clerk.laws import (
    FUNDING,
    KEEPER,
    LIQUIDATION,
    OUTFLOW,
    SCAN,
    TERMS,
    TOLD,
    WATERFALL,
)
from solvent.lab.clerk.ledger import exchange, hold, is_flat, is_trader, move
from solvent.lab.clerk.liquidation import deleverage, fill_liquidation, order_liquidation, take_over, take_residual
from solvent.lab.clerk.money import book_money, book_orders
from solvent.lab.clerk.offers import claim, offer, reward, take_share
from solvent.lab.clerk.penalty import charge_penalty
from solvent.lab.clerk.pools import give_notice, join_or_leave, open_pool, order_unwind, unwind
from solvent.lab.clerk.prices import book_prices, note_charges, step_margin
from solvent.lab.clerk.queue import flag, judged, leave_queue, tell_worklist
from solvent.lab.clerk.waterfall import draw, open_case, open_deficit

NOBODY = -1


@step
def book(state, clerk, event, command):
    """Book one event of an accepted command."""
    kind = event.kind
    account = event.account
    note = clerk.note
    if kind == EventKind.TRADED:
        if not exchange(state, clerk, account, event.counterparty, event.instrument, event.lots, event.price_ticks):
            return FUNDING + 4
        move(clerk, account, SystemAccount.FEES, event.fee_quanta)
        move(clerk, event.counterparty, SystemAccount.FEES, event.counter_fee_quanta)
        return 0
    if kind == EventKind.MARK_MOVED or kind == EventKind.MODE_CHANGED:
        return book_prices(state, clerk, event, command)
    if kind == EventKind.FUNDING_TICKED or kind == EventKind.FUNDING_PAID:
        return book_prices(state, clerk, event, command)
    if kind == EventKind.ACCOUNT_FLAGGED:
        return flag(state, clerk, event)
    if kind == EventKind.DEPOSITED or kind == EventKind.WITHDRAWN or kind == EventKind.MARGIN_TRANSFERRED:
        return book_money(state, clerk, event, command)
    if kind == EventKind.FUND_CONTRIBUTED or kind == EventKind.DEFICIT_COVERED:
        return book_money(state, clerk, event, command)
    if kind == EventKind.WITHDRAWAL_CHARGED:
        return book_money(state, clerk, event, command)
    if kind == EventKind.VAULT_JOINED or kind == EventKind.VAULT_LEFT:
        return join_or_leave(state, clerk, event)
    if kind == EventKind.NOTICE_GIVEN:
        return give_notice(state, clerk, event)
    if kind == EventKind.POOL_OPENED:
        return open_pool(clerk, event, command)
    if kind == EventKind.UNWIND_ORDERED:
        return order_unwind(state, clerk, event)
    if kind == EventKind.POOL_UNWOUND:
        return unwind(state, clerk, event, command)
    if kind == EventKind.LIQUIDATION_OFFERED:
        return offer(state, clerk, event)
    if kind == EventKind.POSITION_CLAIMED:
        return claim(state, clerk, event, command)
    if kind == EventKind.KEEPER_REWARDED:
        return reward(state, clerk, event, command)
    if kind == EventKind.SHARE_TAKEN:
        return take_share(state, clerk, event, command)
    if kind == EventKind.KEEPER_ENDORSED:
        if event.account != command.account or event.value != command.value:
            return TOLD + 17
        clerk.endorsed[account] = event.value
        return 0
    if kind == EventKind.ORDER_RESERVED or kind == EventKind.ORDER_RELEASED or kind == EventKind.LIQUIDATION_CANCELLED:
        return book_orders(state, clerk, event, command)
    if kind == EventKind.LIQUIDATION_ORDERED:
        return order_liquidation(state, clerk, event)
    if kind == EventKind.LIQUIDATION_FILLED:
        return fill_liquidation(state, clerk, event, command)
    if kind == EventKind.PENALTY_CHARGED:
        return charge_penalty(state, clerk, event)
    if kind == EventKind.POSITION_TAKEN_OVER:
        return take_over(state, clerk, event)
    if kind == EventKind.POSITION_DELEVERAGED:
        return deleverage(state, clerk, event)
    if kind == EventKind.RESIDUAL_TAKEN:
        return take_residual(state, clerk, event)
    if kind == EventKind.SHORTFALL_DECLARED:
        return open_case(state, clerk, event)
    if kind == EventKind.TRANCHE_DRAWN:
        return draw(state, clerk, event)
    if kind == EventKind.DEFICIT_OPENED:
        return open_deficit(state, clerk, event)
    if kind == EventKind.ACCOUNT_WAITING:
        return judged(state, clerk, event) if clerk.flagged[account] != 0 else LIQUIDATION + 60
    if kind == EventKind.ACCOUNT_RECOVERED:
        if note[UNJUDGED] == 0:
            if is_trader(clerk, account):
                if surplus_of(state, clerk, account) < 0:
                    return SCAN + 20
            elif equity_of(state, clerk, account, Level.MAINTENANCE) < 0:
                return SCAN + 21
        return leave_queue(clerk, event)
    if kind == EventKind.DEFAULT_CLOSED:
        if not is_flat(clerk, account):
            return LIQUIDATION + 61
        if clerk.wallet[account] < 0:
            return WATERFALL + 2
        return leave_queue(clerk, event)
    if kind == EventKind.COLLATERAL_ORDERED:
        owes = clerk.held[account].min() < 0
        has_cause = clerk.wallet[account] < 0 or owes
        if clerk.flagged[account] == 0 or not is_flat(clerk, account) or not has_cause:
            return LIQUIDATION + 62
        is_debt = event.value == -clerk.wallet[account] or owes
        if event.amount_quanta != clerk.held[account, event.asset] or not is_debt:
            return TOLD + 30
        if event.reference != note[SEQUENCE]:
            return TOLD + 31
        clerk.order_reference[account] = event.reference
        clerk.order_stage[account] = 0
        return 0
    if kind == EventKind.COLLATERAL_SOLD:
        if clerk.flagged[account] == 0 or event.reference != clerk.order_reference[account]:
            return LIQUIDATION + 63
        if event.value != command.proceeds_quanta:
            return TOLD + 32
        move(clerk, SystemAccount.EXTERNAL, account, event.value)
        return hold(state, clerk, account, event.asset, -event.amount_quanta)
    if kind == EventKind.LEVERAGE_SET:
        if event.value != command.leverage:
            return TOLD + 33
        clerk.leverage[account, event.instrument] = command.leverage
        return 0
    if kind == EventKind.ACCOUNT_OPENED:
        if clerk.kind[account] != AccountKind.NONE:
            return TOLD + 34
        clerk.kind[account] = command.account_kind
        clerk.owner[account] = command.owner
        clerk.market[account] = NOBODY
        clerk.order_stage[account] = NOBODY
        return 0
    if kind == EventKind.TERMS_ENACTED:
        if event.value != command.version or event.value != note[TERMS_VERSION] + 1:
            return TERMS + 1
        note[TERMS_VERSION] += 1
        return note_charges(state, clerk)
    if kind == EventKind.WITHDRAWALS_GATED:
        if note[GATED] != 0:
            return OUTFLOW + 2
        note[GATED] = 1
        return 0
    if kind == EventKind.WITHDRAWALS_RELEASED:
        if note[GATED] != 1:
            return OUTFLOW + 3
        note[GATED] = 0
        return 0
    if kind == EventKind.INSTRUMENT_LISTED or kind == EventKind.TERM_STAGED:
        return 0
    if kind == EventKind.WORKLIST_TOLD:
        return tell_worklist(clerk, event)
    if kind == EventKind.TAKEOVER_LIMITED:
        note[BOUNDED] = 1
        return 0
    if kind == EventKind.STAGE_SKIPPED:
        return 0 if clerk.flagged[account] != 0 else KEEPER + 40
    if kind == EventKind.JUDGED_BY_SCAN or kind == EventKind.ACT_RECORDED:
        return 0
    if kind == EventKind.PRICE_CONDITION_CHANGED or kind == EventKind.SOURCES_DROPPED or kind == EventKind.MARK_CLAMPED:
        return 0  # how reports are believed the auditor follows; nothing is booked
    if kind == EventKind.PREMIUM_REPORTED or kind == EventKind.FUNDING_COMPUTED:
        return 0  # the rate comes with FUNDING_TICKED; how it was made the auditor makes again
    if kind == EventKind.TERMS_PROPOSED or kind == EventKind.TERMS_VOTED or kind == EventKind.TERMS_VETOED:
        return 0  # nothing binds before TERMS_ENACTED
    if kind == EventKind.MARGIN_STEPPED:
        return step_margin(clerk, event)
    if kind == EventKind.INTEREST_REPORTED:
        clerk.crossed[event.instrument] = 0
        return 0 if clerk.mode[event.instrument] == Mode.AUCTION else TOLD + 37
    if kind == EventKind.AUCTION_CROSSED:
        clerk.crossed[event.instrument] = event.price_ticks
        return 0 if event.lots > 0 and event.price_ticks > 0 else TOLD + 38
    note[LOST] = 1  # an event this file does not know: the books are opened anew after the command
    return 0
