"""`solvent verify`: whether a journal is whole, and where it leads."""

import sys
from pathlib import Path

import msgspec

from solvent.commands import COMMAND_DTYPE
from solvent.engine.engine import Engine
from solvent.engine.journal import Journal
from solvent.procedures.laws import imbalances


def journal_directory(directory: Path) -> Path:
    """The folder that holds the journal: the one named, or `journal` inside it."""
    inside = directory / "journal"
    return inside if inside.is_dir() else directory


def verify_command(directory: Path, as_json: bool) -> None:
    """Walk the hash chain, replay every command and print what was found. Raises EngineFault for what is broken."""
    place = journal_directory(directory)
    with Journal.open(place, COMMAND_DTYPE, read_only=True) as journal:
        report = journal.verify()
    with Engine.open(place, read_only=True) as engine:
        money, lots, open_interest = imbalances(engine.state)
        answer = {
            "blocks": report.blocks,
            "commands": report.commands,
            "head_sequence": report.head_sequence,
            "head_hash": report.head_hash.hex(),
            "digest": engine.digest(),
            "money_conserved": bool(money == 0),
            "lots_balanced": bool(lots == 0 and open_interest == 0),
        }
    if as_json:
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
        return
    for name, value in answer.items():
        print(f"{name.replace('_', ' '):<16} {value}")
