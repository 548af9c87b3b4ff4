"""When winners may be made to close: the conditions of the rulebook, any of which is enough (risk/trigger.py)."""

from solvent.codes import AccountKind, AdlTrigger, Level, SystemAccount
from solvent.compiled import kernel
from solvent.procedures.shortfall import cover_before_adl
from solvent.risk.breaker import funds_quanta, window_of
from solvent.risk.margin import gain_of, judge
from solvent.risk.trigger import exceeds_pool_share, loss_beyond
from solvent.state.pools import pool_account
from solvent.state.tables import NONE
from solvent.state.terms import TRIGGERS_MAX
from solvent.state.windows import highest
from solvent.units import PPM, add_saturated, mul_div_down


@kernel
def has_fallen(state, trigger, share_ppm):
    """True when the funds have fallen by a share of their peak in the window, or more."""
    funds = funds_quanta(state)
    peak = highest(state, state.instruments.shape[0], window_of(trigger.window_ns))
    return funds > trigger.floor_quanta and peak > funds and loss_beyond(funds, peak, peak, share_ppm, PPM) >= 0


@kernel
def has_lost(state, vault, share_ppm):
    """True when the positions a vault holds have cost it a share of what it would have without that loss, or more."""
    equity, _requirement, gains, _notional = judge(state, vault, Level.MAINTENANCE)
    whole = max(equity - gains, 0)
    return gains < 0 and loss_beyond(equity, equity - gains, whole, share_ppm, PPM) >= 0


@kernel
def gains_of_traders(state):
    """All gains of traders' open positions at the marks."""
    gains = 0
    for row in range(state.venue[0].position_count):
        position = state.positions[row]
        if position.account == NONE or state.accounts[position.account].kind == AccountKind.SYSTEM:
            continue
        gains = add_saturated(gains, max(gain_of(state, row), 0))
    return gains


@kernel
def watch_triggers(state):
    """Time has passed: what funds and pool have lost sets their triggers off, and what they have again ends them."""
    held = 0
    for row in range(TRIGGERS_MAX):
        trigger = state.triggers[row]
        if trigger.used == 0:
            continue
        bit = 1 << row
        was_held = state.venue[0].triggered & bit != 0
        share = trigger.stop_ppm if was_held and trigger.stop_ppm > 0 else trigger.share_ppm
        if trigger.kind == AdlTrigger.FUND_DRAWDOWN:
            if has_fallen(state, trigger, share):
                held |= bit
        elif trigger.kind == AdlTrigger.POOL_PNL_FACTOR:
            pool, _requirement, _gains, _notional = judge(state, SystemAccount.VAULT + 0, Level.MAINTENANCE)
            if exceeds_pool_share(gains_of_traders(state), max(pool, 0), share, PPM):
                held |= bit
    state.venue[0].triggered = held


@kernel
def holds(state, row, account, equity, refused):
    """True when one condition allows closing against winners for this account now."""
    trigger = state.triggers[row]
    kind = trigger.kind
    if kind == AdlTrigger.EQUITY_NEGATIVE:
        return equity < 0
    if kind == AdlTrigger.MARK_REACHES_BANKRUPTCY:
        return equity <= 0
    if kind == AdlTrigger.VAULT_REFUSES:
        return refused
    if kind == AdlTrigger.ORDER_UNFILLED:
        terms = state.accounts[account]
        if terms.order_stage == NONE or terms.order_filled == 1:
            return False
        sent_ns = terms.order_until_ns - state.stages[terms.order_stage].timeout_ns
        return state.venue[0].time_ns >= sent_ns + trigger.window_ns
    if kind == AdlTrigger.VAULT_LOSS:
        vault = pool_account(state, state.accounts[account].default_instrument)
        return vault != NONE and has_lost(state, vault, trigger.share_ppm)
    if kind == AdlTrigger.FUND_DEPLETED or kind == AdlTrigger.FUND_NOTIONAL_CAP:
        cover = cover_before_adl(state, account)
        if kind == AdlTrigger.FUND_DEPLETED:
            return cover <= 0 or -equity > cover
        _equity, _requirement, _gains, notional = judge(state, account, Level.MAINTENANCE)
        _equity, _requirement, _gains, taken = judge(state, SystemAccount.VAULT + 0, Level.MAINTENANCE)
        return add_saturated(notional, taken) > mul_div_down(max(cover, 0), trigger.share_ppm, PPM)
    return state.venue[0].triggered & (1 << row) != 0


@kernel
def may_deleverage(state, account, equity, refused):
    """True when any condition holds, or the rulebook has none and leaves it to the stages.

    `refused`: a backstop that was asked in this visit would not take the account over.
    """
    free = True
    for row in range(TRIGGERS_MAX):
        if state.triggers[row].used == 0:
            continue
        free = False
        if holds(state, row, account, equity, refused):
            return True
    return free
