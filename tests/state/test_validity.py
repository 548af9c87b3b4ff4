"""The oracle table: the strictest answer over all conditions that hold, and no answer to what it does not speak of."""

from tests.ground import blank_state
from tests.plain import plain

from solvent.codes import Action, Answer, Condition
from solvent.state.validity import answer_of

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
