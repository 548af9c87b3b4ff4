"""From a failing stretch to the shortest commands that still break the law, and the auditor's word on them."""

from typing import Any

import msgspec
import numpy as np

from solvent.commands import unpack
from solvent.compiled import quick_compilation
from solvent.lab.auditor import Auditor, LawBroken
from solvent.lab.campaign.machine import Machine
from solvent.lab.campaign.story import Scene, Story
from solvent.lab.clerk.books import FOUND_LAW, LOST, open_clerk, raw_of, reopen_clerk
from solvent.lab.clerk.laws import law_of
from solvent.lab.clerk.run import run_given
from solvent.state.whole import copy_state

TRIES_MAX = 3_000


class Finding(msgspec.Struct, kw_only=True):
    """A broken law: where to find it again, who saw it, and the least commands that show it."""

    world: int
    scene: int
    """Commands of the world's own story before the scene; the commands below follow it."""
    law: str
    auditor: str
    """What the auditor says on the same commands; empty when it sees nothing wrong (then look at the clerk first)."""
    commands: list[str]

    @staticmethod
    def of_story(story: Story) -> "Finding":
        """A law broken in a world's own story, as the auditor found it."""
        assert story.broken is not None
        last = [str(command) for command in _read(story.records[-1:])]
        return Finding(
            world=story.seed,
            scene=len(story.records) - 1,
            law=story.broken.law,
            auditor=str(story.broken),
            commands=last,
        )


def _read(records: Any) -> list[Any]:
    told: list[Any] = []
    for record in records:
        try:
            told += unpack([record])
        except ValueError:
            told.append(f"record of kind {int(record['kind'])}: {record}")
    return told


def breaks(scene: Scene, records: Any, tables: Any) -> int:
    """The number of the law that these commands break after the scene, 0 when none."""
    machine = Machine(copy_state(scene.state))
    clerk = open_clerk(machine.state, scene.roundings, tables)
    raw = raw_of(machine.state)
    done = 0
    with quick_compilation():
        while done < len(records):
            done += int(run_given(machine.state, machine.watch, machine.tape, clerk, raw, records[done:]))
            if clerk.note[FOUND_LAW]:
                break
            if clerk.note[LOST]:
                reopen_clerk(clerk, machine.state)
    return int(clerk.note[FOUND_LAW])


def least(scene: Scene, records: Any, law: int, tables: Any) -> Any:
    """The commands without those that are not needed to break the same law (delta debugging, Zeller 1999)."""
    pieces = 2
    tries = 0
    while len(records) > 1 and tries < TRIES_MAX:
        size = -(-len(records) // pieces)
        for first in range(0, len(records), size):
            tries += 1
            rest = np.concatenate([records[:first], records[first + size :]]).view(np.recarray)
            if len(rest) and breaks(scene, rest, tables) == law:
                records = rest
                pieces = max(pieces - 1, 2)
                break
        else:
            if size == 1:
                return records
            pieces = min(pieces * 2, len(records))
    return records


def confirm(story: Story, scene: Scene, records: Any, law: int, tables: Any) -> Finding:
    """Shrink what the clerk found and ask the auditor about it."""
    shortest = least(scene, records, law, tables)
    machine = Machine.fresh(story.world.terms)
    auditor = Auditor(machine.state)
    said = ""
    for place in range(scene.place):
        record = story.records[place : place + 1]
        events = machine.do(record, keep=True)
        auditor.check(record[0], events, machine.before, machine.state)
    for place in range(len(shortest)):
        record = shortest[place : place + 1]
        events = machine.do(record, keep=True)
        try:
            auditor.check(record[0], events, machine.before, machine.state)
        except LawBroken as broken:
            said = str(broken)
            break
        except (KeyError, IndexError) as lost:  # the machine took a command about something that is in nobody's books
            said = f"the books know nothing of {lost}, which {record[0]} names"
            break
    commands = [str(command) for command in _read(shortest)]
    return Finding(world=story.seed, scene=scene.place, law=law_of(law), auditor=said, commands=commands)
