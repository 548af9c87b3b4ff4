"""Worlds made from a seed, and commands aimed at the edges of whatever state the world is in.

A world draws small but complete terms (every executor, size, limit, layer and policy appears in some world), opens a
handful of accounts and then draws commands from the state as it is: amounts near the free margin, prices near the
next trigger, lots near a limit, fills that answer the orders in the market, and some that must be refused. The same
seed gives the same world and, over the same machine, the same commands. `reach` counts what a run has met, so that
a campaign which met too little can be failed (reliability 3.4).

`world.py` drives, `setting.py` holds the facts, `terms.py` draws the rules; the other files ask for commands, each
for one concept. A new rule extends the terms drawn, asks for its commands in the file of its concept (with a weight
in `world.WEIGHTS`), and names what it can meet in `reach.py`.
"""

from solvent.lab.driver.reach import met
from solvent.lab.driver.setting import MILLISECOND, MINUTE, SECOND, START_NS, Setting
from solvent.lab.driver.world import ASKS, ROOM, WEIGHTS, World

__all__ = ["ASKS", "MILLISECOND", "MINUTE", "ROOM", "SECOND", "START_NS", "WEIGHTS", "Setting", "World", "met"]
