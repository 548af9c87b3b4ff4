"""A shortfall on its way: layers in order, each to its cap before the next, shared in proportion, the sum exact."""

from solvent.codes import AccountKind, AdlPrice, Level, SystemAccount, Tranche
from solvent.lab.clerk.books import (
    CASE_BY_PRICE,
    CASE_DECLARED,
    CASE_ENTERED,
    CASE_LAYER,
    CASE_LEFT,
    CASE_OF,
    CASE_ROOM,
    DEFICIT,
    DRAWN,
    LOST,
    UNJUDGED,
    WINNERS_OF,
)
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.judge import equity_of, gain_in, is_own_pool, pool_behind, requirement_of
from solvent.lab.clerk.laws import TOLD, WATERFALL
from solvent.lab.clerk.numbers import wide_floor
from solvent.units import PPM

NOBODY = -1


@step
def layers_of(state):
    """Number of layers in use; they stand first."""
    count = 0
    for row in range(state.absorbers.shape[0]):
        if state.absorbers[row].used == 1:
            count += 1
    return count


@step
def able(state, clerk, account):
    """What an account can be charged without falling below its threshold."""
    equity = equity_of(state, clerk, account, Level.MAINTENANCE)
    return equity - requirement_of(state, clerk, account, Level.MAINTENANCE) - state.stages[0].or_equal


@step
def open_case(state, clerk, event):
    """A flat account cannot pay: the amount is what it owes, or its negative equity when prices paid a part."""
    account = event.account
    note = clerk.note
    if note[CASE_OF] != NOBODY or clerk.flagged[account] == 0:
        return WATERFALL + 10
    for market in range(clerk.mark.shape[0]):
        if clerk.lots[account, market] != 0:
            return WATERFALL + 11
    owed = max(-clerk.wallet[account], 0)
    declared = owed
    holds = False
    for asset in range(clerk.held.shape[1]):
        holds = holds or clerk.held[account, asset] > 0
    price = state.policy[0].adl_price
    by_price = price == AdlPrice.PREVIOUS_MARK or price == AdlPrice.ZERO_PRICE
    if by_price and note[WINNERS_OF] == account and not holds:
        declared = max(owed, -clerk.visit_equity[account])
    # each part of an inverse position that was closed is rounded to the nearest quantum by itself
    most = max(-clerk.visit_equity[account], 0) + clerk.rounded_parts[account] // 2
    if clerk.visited[account] == 1 and declared > most:
        return WATERFALL + 12
    if event.amount_quanta != declared or declared <= 0:
        return WATERFALL + 13
    if event.reference != clerk.flagged_sequence[account]:
        return TOLD + 40
    note[CASE_OF] = account
    note[CASE_DECLARED] = declared
    note[CASE_BY_PRICE] = declared - owed
    note[CASE_LEFT] = owed
    note[CASE_LAYER] = 0
    note[CASE_ENTERED] = 0
    return 0


@step
def is_fund(tranche):
    """True for the layers whose draws a block bounds."""
    return tranche == Tranche.MARKET_FUND or tranche == Tranche.VENUE_FUND


@step
def enter_layer(state, clerk):
    """Who stands behind the layer, what each could pay now, and how much is asked of all."""
    note = clerk.note
    case = note[CASE_OF]
    absorber = state.absorbers[note[CASE_LAYER]]
    tranche = absorber.tranche
    clerk.means[:] = 0
    clerk.paid[:] = 0
    clerk.paid_entries[:] = 0
    if tranche == Tranche.MARKET_FUND:
        if clerk.market[case] != NOBODY:
            fund = SystemAccount.MARKET_FUNDS + clerk.market[case]
            clerk.means[fund] = clerk.wallet[fund]
    elif tranche == Tranche.VENUE_FUND:
        clerk.means[SystemAccount.VENUE_FUND] = clerk.wallet[SystemAccount.VENUE_FUND]
    elif tranche == Tranche.VENUE_CAPITAL:
        clerk.means[SystemAccount.VENUE_CAPITAL] = clerk.wallet[SystemAccount.VENUE_CAPITAL]
    elif tranche == Tranche.LIQUIDITY_VAULT:
        vault = pool_behind(state, clerk.market[case])
        if vault != NOBODY and not is_own_pool(state, case):
            clerk.means[vault] = min(equity_of(state, clerk, vault, Level.MAINTENANCE), clerk.wallet[vault])
    elif tranche == Tranche.ADL:
        if state.policy[0].adl_price == AdlPrice.BANKRUPTCY and note[WINNERS_OF] == case:
            for winner in range(clerk.wallet.shape[0]):
                if clerk.entries[winner] > 0:
                    clerk.means[winner] = min(clerk.gain[winner], able(state, clerk, winner))
    elif tranche == Tranche.HAIRCUT_GAINS or tranche == Tranche.HAIRCUT_ALL:
        for other in range(clerk.wallet.shape[0]):
            trader = clerk.kind[other] == AccountKind.CROSS or clerk.kind[other] == AccountKind.ISOLATED
            if other == case or clerk.flagged[other] != 0 or not trader:
                continue
            most = able(state, clerk, other)
            if tranche == Tranche.HAIRCUT_GAINS:
                won = 0
                for market in range(clerk.mark.shape[0]):
                    won += max(gain_in(state, clerk, other, market), 0)
                most = min(most, won)
            clerk.means[other] = most
    else:
        note[LOST] = 1
    total = 0
    for payer in range(clerk.means.shape[0]):
        clerk.means[payer] = max(clerk.means[payer], 0)
        total += clerk.means[payer]
    if tranche < Tranche.ADL:
        total = wide_floor(total, absorber.cap_ppm, PPM)
    if is_fund(tranche) and state.policy[0].block_draw_quanta > 0:
        total = min(total, max(state.policy[0].block_draw_quanta - note[DRAWN], 0))
    note[CASE_ROOM] = min(note[CASE_LEFT], total)
    note[CASE_ENTERED] = 1


@step
def leave_layer(state, clerk):
    """A layer is left when it has paid all it could or all that was asked, each payer within a quantum of its part."""
    note = clerk.note
    if note[CASE_ENTERED] == 0:
        enter_layer(state, clerk)
    paid = 0
    total = 0
    for payer in range(clerk.means.shape[0]):
        paid += clerk.paid[payer]
        total += clerk.means[payer]
    if paid != note[CASE_ROOM] and note[UNJUDGED] == 0:
        return WATERFALL + 20
    tranche = state.absorbers[note[CASE_LAYER]].tranche
    if is_fund(tranche):
        note[DRAWN] += paid
    is_adl = tranche == Tranche.ADL
    if note[UNJUDGED] == 0:
        for payer in range(clerk.means.shape[0]):
            if clerk.means[payer] > 0:
                fair = wide_floor(note[CASE_ROOM], clerk.means[payer], total)
                slack = max(clerk.entries[payer], 1) if is_adl else 1
                # |paid - exact| < slack, with fair = floor(exact)
                if clerk.paid[payer] > fair + slack or clerk.paid[payer] < fair - slack + 1:
                    return WATERFALL + 21
    note[CASE_LEFT] -= paid
    note[CASE_LAYER] += 1
    note[CASE_ENTERED] = 0
    return 0


@step
def draw(state, clerk, event):
    """One payment of a layer."""
    note = clerk.note
    if note[CASE_OF] == NOBODY or event.account != note[CASE_OF]:
        return WATERFALL + 30
    if event.reference != clerk.flagged_sequence[event.account]:
        return TOLD + 41
    if note[CASE_BY_PRICE] > 0:
        if event.counterparty != event.account or event.tranche != Tranche.ADL:
            return WATERFALL + 31
        if event.amount_quanta != note[CASE_BY_PRICE]:
            return WATERFALL + 32
        note[CASE_BY_PRICE] = 0
        return 0
    layers = layers_of(state)
    while note[CASE_LAYER] < layers and state.absorbers[note[CASE_LAYER]].tranche != event.tranche:
        broken = leave_layer(state, clerk)
        if broken:
            return broken
    if note[CASE_LAYER] >= layers:
        return WATERFALL + 33
    if note[CASE_ENTERED] == 0:
        enter_layer(state, clerk)
    payer = event.counterparty
    clerk.paid[payer] += event.amount_quanta
    clerk.paid_entries[payer] += 1
    if event.amount_quanta <= 0:
        return WATERFALL + 34
    if note[UNJUDGED] == 0 and clerk.paid[payer] > clerk.means[payer]:
        return WATERFALL + 35
    clerk.wallet[payer] -= event.amount_quanta
    clerk.wallet[event.account] += event.amount_quanta
    return 0


@step
def walk_to_end(state, clerk):
    """Every layer that was not asked yet could pay nothing, or nothing was left to ask."""
    layers = layers_of(state)
    while clerk.note[CASE_LAYER] < layers:
        broken = leave_layer(state, clerk)
        if broken:
            return broken
    return 0


@step
def open_deficit(state, clerk, event):
    """What nobody can bear stays open, and is told."""
    note = clerk.note
    if note[CASE_OF] == NOBODY or event.account != note[CASE_OF] or note[CASE_BY_PRICE] != 0:
        return WATERFALL + 40
    broken = walk_to_end(state, clerk)
    if broken:
        return broken
    if event.amount_quanta != note[CASE_LEFT] or event.amount_quanta <= 0:
        return WATERFALL + 41
    clerk.wallet[SystemAccount.DEFICIT] -= event.amount_quanta
    clerk.wallet[event.account] += event.amount_quanta
    note[DEFICIT] += event.amount_quanta
    if event.value != note[DEFICIT]:
        return TOLD + 42
    note[CASE_LEFT] = 0
    return 0


@step
def close_case(state, clerk):
    """The case ends: every layer was asked and nothing is left."""
    note = clerk.note
    broken = walk_to_end(state, clerk)
    if broken:
        return broken
    if note[CASE_BY_PRICE] != 0:
        return WATERFALL + 50
    if note[CASE_LEFT] != 0:
        return WATERFALL + 51
    note[CASE_OF] = NOBODY
    return 0
