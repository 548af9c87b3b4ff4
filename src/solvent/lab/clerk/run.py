"""One stretch of a campaign: draw, apply, check, count, command after command, without coming back to Python."""

import numpy as np

from solvent.codes import SystemAccount, Tranche
from solvent.compiled import bind
from solvent.events import EventKind
from solvent.lab.clerk.books import FOUND_LAW, HASH, LOST, UNJUDGED
from solvent.lab.clerk.check import check
from solvent.lab.clerk.compiled import step, whole
from solvent.lab.clerk.judge import knows
from solvent.lab.clerk.sums import fingerprint, fingerprint_of_rules
from solvent.lab.clerk.vary import next_command
from solvent.procedures.apply import apply

# Rows of the counters.
ACCEPTED, TOLD, REFUSED, DRAWN, MODED, ORDERED, ELSE = range(7)
COUNTERS = (7, 1_024)
BY_PRICE = 512
TOO_LONG = 16_000


@step
def count(reach, state, tape, told, kind):
    """What the command met."""
    refused = False
    for place in range(told):
        event = tape.records[place]
        reach[TOLD, event.kind] += 1
        if event.kind == EventKind.COMMAND_REFUSED:
            refused = True
            reach[REFUSED, event.refusal] += 1
        elif event.kind == EventKind.TRANCHE_DRAWN:
            reach[DRAWN, event.tranche + (BY_PRICE if event.account == event.counterparty else 0)] += 1
        elif event.kind == EventKind.MODE_CHANGED:
            reach[MODED, event.mode * 64 + kind] += 1
        elif event.kind == EventKind.LIQUIDATION_ORDERED:
            stage = state.stages[event.stage]
            reach[ORDERED, stage.sizing] += 1
            reach[ORDERED, 256 + stage.price_limit] += 1
        elif event.kind == EventKind.ACCOUNT_FLAGGED and event.account == SystemAccount.VAULT:
            reach[ELSE, 1] += 1
        if event.kind == EventKind.TRANCHE_DRAWN and state.accounts[event.counterparty].wallet_quanta == 0:
            if event.tranche < Tranche.LIQUIDITY_VAULT:
                reach[ELSE, 0] += 1
    if not refused and 0 < kind < COUNTERS[1]:
        reach[ACCEPTED, kind] += 1


@whole
def run_stretch(state_tables, watch, tape, clerk_books, raw, story, seed, log, reach):
    """Fill `log` with commands, each applied and checked; give how many were done.

    Stops early at a broken law (its number is in the notes at FOUND_LAW) or where the books must be opened anew.
    """
    state = bind(state_tables)
    clerk = bind(clerk_books)
    note = clerk.note
    at = np.zeros(1, np.int64)
    seen = np.zeros(clerk.mark.shape[0], np.int64)
    cells = np.zeros(1, np.int64)
    cells[0] = fingerprint_of_rules(state)
    at[0] = seed[0] % story.shape[0]
    note[FOUND_LAW] = 0
    note[UNJUDGED] = 0 if knows(state) else 1
    note[HASH] = fingerprint(state, raw, cells[0])
    for place in range(log.shape[0]):
        out = log[place : place + 1]
        next_command(state, clerk, story, at, seed, out)
        tape.meter[0] = 0
        if apply(state_tables, watch, tape, out, 0) == 0:
            note[FOUND_LAW] = TOO_LONG
            return place + 1
        told = tape.meter[0]
        broken = check(state, clerk, raw, tape, told, out[0], cells, seen)
        if broken:
            note[FOUND_LAW] = broken
            return place + 1
        count(reach, state, tape, told, out[0].kind)
        if note[LOST] != 0:
            return place + 1
    return log.shape[0]


@whole
def run_given(state_tables, watch, tape, clerk_books, raw, records):
    """Apply and check given records; give how many were done, as `run_stretch` does."""
    state = bind(state_tables)
    clerk = bind(clerk_books)
    note = clerk.note
    seen = np.zeros(clerk.mark.shape[0], np.int64)
    cells = np.zeros(1, np.int64)
    cells[0] = fingerprint_of_rules(state)
    note[FOUND_LAW] = 0
    note[UNJUDGED] = 0 if knows(state) else 1
    note[HASH] = fingerprint(state, raw, cells[0])
    for place in range(records.shape[0]):
        tape.meter[0] = 0
        if apply(state_tables, watch, tape, records[place : place + 1], 0) == 0:
            note[FOUND_LAW] = TOO_LONG
            return place + 1
        broken = check(state, clerk, raw, tape, tape.meter[0], records[place], cells, seen)
        if broken:
            note[FOUND_LAW] = broken
            return place + 1
        if note[LOST] != 0:
            return place + 1
    return records.shape[0]
