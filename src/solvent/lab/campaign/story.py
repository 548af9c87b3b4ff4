"""A story: one world from its opening, driven by its own chance and followed by the auditor after every command."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from solvent.commands import pack
from solvent.lab.auditor import Auditor, LawBroken
from solvent.lab.campaign.machine import Machine
from solvent.lab.driver import World
from solvent.state.tables import State
from solvent.state.whole import copy_state, digest

OPENING = 80
"""Commands after which a world has markets, accounts, prices and money."""


@dataclass(slots=True)
class Scene:
    """The state a story was in after so many commands; the auditor had settled funding `roundings` times by then."""

    place: int
    state: State
    roundings: int


@dataclass(slots=True)
class Story:
    """What a world asked for, where it can be entered, and what it met."""

    seed: int
    world: World
    records: Any
    scenes: list[Scene]
    reach: Counter[str] = field(default_factory=Counter)
    broken: LawBroken | None = None


def tell_story(seed: int, commands: int, scenes: int) -> Story:
    """Drive the world of a seed; stop at the first broken law, which is then in `broken`."""
    world = World(seed)
    machine = Machine.fresh(world.terms)
    auditor = Auditor(machine.state)
    step = max((commands - OPENING) // scenes, 1)
    kept: list[Scene] = []
    told: list[Any] = []
    broken: LawBroken | None = None
    for place in range(commands):
        if place >= OPENING and (place - OPENING) % step == 0 and len(kept) < scenes:
            kept.append(Scene(place, copy_state(machine.state), auditor.notes.roundings))
        command = world.next_command(machine.state, auditor.books)
        record = pack([command])
        told.append(record)
        events = machine.do(record, keep=True)
        try:
            auditor.check(record[0], events, machine.before, machine.state)
        except LawBroken as fault:
            broken = fault
            break
        world.observe(command, events)
    records = np.concatenate(told).view(np.recarray)
    story = Story(seed, world, records, kept, world.reach, broken)
    if broken is None:
        _restart(story, digest(machine.state))
    return story


def _restart(story: Story, at_the_end: str) -> None:
    """From every scene the rest of the story leads to the same digest: a snapshot and its tail are the whole."""
    for scene in story.scenes:
        machine = Machine(copy_state(scene.state))
        machine.do(story.records[scene.place :])
        if digest(machine.state) != at_the_end:
            detail = f"seed {story.seed}: from a snapshot after {scene.place} commands the rest ends elsewhere"
            story.broken = LawBroken("RESTART", detail)
            return
        story.reach["restart"] += 1
