"""The oracle table: the strictest answer over all conditions that hold, and no answer to what it does not speak of."""

from tests.ground import blank_state
from tests.plain import plain

from solvent.codes import Action, Answer, Condition
from solvent.state.validity import answer_of, careful_ticks
from solvent.state.windows import record_mark

COLUMNS = {
    Action.OPEN: "open",
    Action.REDUCE: "reduce",
    Action.LIQUIDATE: "liquidate",
    Action.WITHDRAW: "withdraw",
    Action.MINT: "mint",
}


def test_each_action_has_the_strictest_answer_of_the_conditions_that_hold() -> None:
    for action, column in COLUMNS.items():
        state = blank_state()
        state.remedies[Condition.UNCERTAIN][column] = Answer.REFUSE
        state.remedies[Condition.DIVERGING][column] = Answer.CONSERVATIVE
        for bits, answer in (
            (0, Answer.ALLOW),
            (1 << Condition.DIVERGING, Answer.CONSERVATIVE),
            (1 << Condition.DIVERGING | 1 << Condition.UNCERTAIN, Answer.REFUSE),
        ):
            state.instruments[0].conditions = bits
            for other in Action:
                wanted = answer if other == action else Answer.ALLOW
                assert plain(answer_of)(state, 0, other) == wanted


def test_collateral_in_doubt_counts_at_the_lowest_mark_of_the_hour_or_not_at_all() -> None:
    state = blank_state()
    market = state.instruments[0]
    plain(record_mark)(state, 0, 1_000, 800)
    market.mark_ticks = 800
    plain(record_mark)(state, 0, 800, 900)
    market.mark_ticks = 900
    assert plain(careful_ticks)(state, 0) == 900
    market.conditions = 1 << Condition.UNCERTAIN
    assert plain(careful_ticks)(state, 0) == 900
    for column in ("open", "withdraw"):
        for answer, ticks in ((Answer.CONSERVATIVE, 800), (Answer.REFUSE, 0), (Answer.ALLOW, 900)):
            state.remedies[Condition.UNCERTAIN][column] = answer
            assert plain(careful_ticks)(state, 0) == ticks
