"""A world small enough for every test: three markets, three hundred traders, two hours in ten-minute steps."""

from dataclasses import replace
from functools import cache

from solvent.lab.scenario import read_scenario
from solvent.lab.worlds.conditions import Conditions
from solvent.lab.worlds.models import Assumed, assumed_model
from solvent.lab.worlds.world import build_world
from solvent.rulebook.document import read_rulebook

HOURS_2 = Conditions(horizon_s=7200, step_s=60)
WILD = Assumed(jumps_a_day=30.0, jump_down=0.04, jump_up=0.03)


def small_scenario(markets=3):
    story = read_scenario("stress")
    funds = {name: value / 20 for name, value in story.funds.items()}
    liquidity = dict(story.liquidity) | {"providers": 4}
    chosen = tuple(replace(market, open_interest=market.open_interest / 20) for market in story.markets[:markets])
    return replace(story, markets=chosen, funds=funds, liquidity=liquidity)


@cache
def small_world(model="hawkes", seed=1, conditions=HOURS_2, rulebook="solvent", accounts=300, assumed=WILD, markets=3):
    story = small_scenario(markets)
    return build_world(
        story,
        read_rulebook(rulebook),
        assumed_model(model, story, conditions.step_s, assumed),
        conditions,
        seed=seed,
        accounts=accounts,
    )
