"""Close-out prices: where an account's equity ends, and that nobody is charged beyond it."""

from fractions import Fraction
from math import ceil, floor

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.ground import contract_of
from tests.plain import plain

from solvent.risk import bankruptcy
from solvent.state.values import closing_limit_ticks
from solvent.units import LIMIT, PPM, mul_div_down

MONEY = st.integers(-(2**50), 2**50)
SOME = st.integers(1, 2**50)


@given(MONEY, SOME, MONEY, st.data())
def test_closing_all_at_bankruptcy_leaves_nothing_and_owes_nothing(equity, requirement, change, data) -> None:
    freed = data.draw(st.integers(0, requirement))
    quote = plain(bankruptcy.bankruptcy_quote)(equity, requirement, change, freed)
    assert quote == -change - floor(Fraction(equity * freed, requirement))
    whole = plain(bankruptcy.bankruptcy_quote)(equity, requirement, change, requirement)
    # what the account receives for all of it brings its equity to zero exactly
    assert equity + change + whole == 0


@given(MONEY, SOME, st.lists(st.integers(1, 2**40), min_size=2, max_size=5))
def test_pieces_never_share_out_more_than_the_equity(equity, requirement, pieces) -> None:
    requirement = max(requirement, sum(pieces))
    parts = [plain(bankruptcy.bankruptcy_quote)(equity, requirement, 0, piece) for piece in pieces]
    assert -sum(parts) <= Fraction(equity * sum(pieces), requirement)


POSITION = st.tuples(st.integers(1, 10**12), st.integers(1, 10**5), st.booleans(), st.integers(1, PPM))


@given(
    POSITION, st.integers(0, 10**14), st.integers(-(10**15), 10**15), st.integers(PPM, 10 * PPM), st.integers(0, PPM)
)
def test_the_fillable_price_is_exact_in_lowest_terms_and_on_the_loss_side_of_the_value(
    position, others, equity, adjustment, spread
) -> None:
    size, price, short, share = position
    signed = -size if short else size
    value = signed * price
    own = -(-abs(value) * share // PPM)
    requirement = own + others
    numerator, denominator = plain(bankruptcy.fillable_price)(
        signed, value, own, equity, requirement, adjustment, spread
    )
    ratio = min(max(Fraction(adjustment, PPM) * (1 - Fraction(equity, requirement)), Fraction(0)), Fraction(1))
    exact = (value - ratio * Fraction(spread, PPM) * own) / signed
    if denominator == 0:
        assert max(exact.denominator * size, abs(exact.numerator)) > LIMIT // 10**13
        return
    assert (numerator, denominator) == (exact.numerator, exact.denominator)
    assert exact >= price if short else exact <= price


@given(POSITION, st.integers(0, 10**14), st.integers(0, 2 * PPM))
def test_a_solvent_account_is_asked_to_sell_below_bankruptcy_only_where_the_spread_outgrows_its_equity(
    position, equity, spread
) -> None:
    size, price, short, share = position
    signed = -size if short else size
    value = signed * price
    requirement = -(-abs(value) * share // PPM)
    assume(0 <= equity < requirement)
    numerator, denominator = plain(bankruptcy.fillable_price)(
        signed, value, requirement, equity, requirement, PPM, spread
    )
    assume(denominator != 0)
    received = Fraction(numerator, denominator) * signed
    worth = plain(bankruptcy.bankruptcy_quote)(equity, requirement, -value, requirement)
    assert (received >= worth) == (Fraction((requirement - equity) * spread, PPM) <= equity)


@given(
    st.integers(0, 10**12),
    st.integers(1, 10**6),
    st.integers(-9, 4),
    st.sampled_from([1, 5, 100, 10**6]),
    st.booleans(),
)
def test_subticks_are_whole_ticks_in_favour_of_the_account(numerator, denominator, exponent, unit, selling) -> None:
    got = plain(bankruptcy.price_subticks)(numerator, denominator, exponent, unit, selling)
    exact = Fraction(numerator, denominator) * Fraction(10) ** -exponent
    if got == LIMIT:
        assert exact + unit >= LIMIT
        return
    assert got % unit == 0
    assert got >= unit
    if selling:
        assert exact <= got
        assert got - exact < unit or got == unit
    else:
        assert got == max(floor(exact / unit), 1) * unit


@given(MONEY, MONEY, st.integers(0, PPM))
def test_the_fund_never_takes_more_than_the_surplus_nor_than_its_fee(received, worth, fee) -> None:
    change = plain(bankruptcy.fund_change)(received, worth, fee)
    surplus = received - worth
    if surplus <= 0:
        assert change == surplus
    else:
        assert change == min(floor(Fraction(abs(received) * fee, PPM)), surplus)


AMOUNT = st.integers(0, 2**54)


@given(st.integers(-(2**54), 2**54), AMOUNT, st.integers(-(2**54), 2**54), AMOUNT, AMOUNT)
def test_a_state_is_better_exactly_as_the_ratios_say(before, m_before, after, m_after, initial) -> None:
    got = bool(plain(bankruptcy.is_better_state)(before, m_before, after, m_after, initial))
    if after >= initial:
        assert got
    elif m_after > m_before:
        assert not got
    elif m_before == 0 or m_after == 0:
        assert got == (m_before == m_after and after > before)
    else:
        assert got == (after * m_before >= before * m_after)


@given(st.integers(-100, 100), st.integers(1, 20), st.integers(-100, 100), st.integers(1, 20))
def test_a_state_is_better_at_the_very_edge(before, m_before, after, m_after) -> None:
    got = bool(plain(bankruptcy.is_better_state)(before, m_before, after, m_after, 10**9))
    assert got == (m_after <= m_before and after * m_before >= before * m_after)


@given(st.integers(1, 10**12), AMOUNT, st.integers(1, 10**6), AMOUNT, st.integers(0, PPM), st.integers(-1, 2**54))
def test_a_block_takes_no_more_than_its_cap_and_no_less_than_a_step(size, value, step, least, share, room) -> None:
    cap, whole = plain(bankruptcy.blocked_size)(size, value, step, least, share, room)
    assert whole == (value <= cap or size <= step)
    assert room < 0 or cap <= room
    wanted = size // 3
    taken = plain(bankruptcy.stepped)(size, wanted, step)
    assert 0 < taken <= size
    assert taken == size or taken % step == 0
    assert taken <= max(wanted, step)
    assert ceil(Fraction(taken, step)) >= 1


@given(
    POSITION, st.integers(0, 10**14), st.integers(-(10**15), 10**15), st.integers(PPM, 10 * PPM), st.integers(0, PPM)
)
def test_the_limit_in_ticks_is_the_fillable_price_rounded_for_the_account(
    position, others, equity, adjustment, spread
) -> None:
    size, price, short, share = position
    signed = -size if short else size
    value = signed * price
    own = -(-abs(value) * share // PPM)
    requirement = own + others
    cost = plain(bankruptcy.health_spread_down)(own, equity, requirement, adjustment, spread)
    ratio = min(max(Fraction(adjustment, PPM) * (1 - Fraction(equity, requirement)), Fraction(0)), Fraction(1))
    assert cost == floor(ratio * Fraction(spread, PPM) * own)
    limit = price + cost // size if short else price - cost // size
    numerator, denominator = plain(bankruptcy.fillable_price)(
        signed, value, own, equity, requirement, adjustment, spread
    )
    assume(denominator != 0)
    exact = Fraction(numerator, denominator)
    assert limit == (floor(exact) if short else ceil(exact))


@given(POSITION, st.integers(0, 10**14), st.integers(-(10**15), 10**15))
def test_the_limit_of_a_bankruptcy_order_is_the_bankruptcy_quote_in_ticks(position, others, equity) -> None:
    size, price, short, share = position
    own = -(-size * price * share // PPM)
    signed = -size if short else size
    part = mul_div_down(equity, own, own + others)
    limit = plain(closing_limit_ticks)(contract_of(unit=1, most=2**60), signed, price, part)
    quote = plain(bankruptcy.bankruptcy_quote)(equity, own + others, -signed * price, own)
    assert limit == max(ceil(Fraction(quote, signed)) if not short else floor(Fraction(quote, signed)), 1)


def test_a_price_whose_unit_does_not_fit_is_divided_twice() -> None:
    # 10^18 subticks of quote per tick times a denominator of ten do not fit into one divisor
    assert plain(bankruptcy.price_subticks)(10**18, 10, 18, 7, True) == 7
    assert plain(bankruptcy.price_subticks)(2**60, 2**20, 0, 2**42, True) == 2**42
    assert plain(bankruptcy.price_subticks)(2**61, 1, 0, 2**40, False) == 2**61
    assert plain(bankruptcy.price_subticks)(LIMIT - 1, 1, 17, 10**3, False) == 10**3


def test_without_room_given_a_block_takes_what_its_share_allows() -> None:
    assert plain(bankruptcy.blocked_size)(10, 1_000, 1, 0, PPM // 2, -1) == (500, False)
    assert plain(bankruptcy.blocked_size)(10, 1_000, 1, 0, PPM // 2, 100) == (100, False)
    assert plain(bankruptcy.blocked_size)(10, 1_000, 1, 2_000, 0, -1) == (1_000, True)
