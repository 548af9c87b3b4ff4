"""Damage to files at rest: single and paired flipped bits, swapped and stale sectors, zeros, and a lost tail."""

import random

SECTOR = 512
KINDS = ("bit", "bits", "zeros", "swap", "shorter", "stale")


def damaged(
    files: dict[str, bytes], older: dict[str, bytes], kind: str, chance: random.Random
) -> tuple[dict[str, bytes], str]:
    """The files with one fault of a kind in one of them (`bits`: in two places), and where it is."""
    names = [name for name, content in files.items() if content]
    hurt = dict(files)
    name = chance.choice(names)
    content = bytearray(hurt[name])
    if kind in ("bit", "bits"):
        places = []
        for _ in range(1 if kind == "bit" else 2):
            name = chance.choice(names)
            content = bytearray(hurt[name])
            place = chance.randrange(len(content))
            content[place] ^= 1 << chance.randrange(8)
            hurt[name] = bytes(content)
            places.append(f"{name} byte {place}")
        return hurt, "flipped " + ", ".join(places)
    sectors = max(len(content) // SECTOR, 1)
    first = chance.randrange(sectors) * SECTOR
    if kind == "zeros":
        content[first : first + SECTOR] = b"\0" * len(content[first : first + SECTOR])
    elif kind == "swap":
        second = chance.randrange(sectors) * SECTOR
        a, b = bytes(content[first : first + SECTOR]), bytes(content[second : second + SECTOR])
        if len(a) == len(b):
            content[first : first + SECTOR], content[second : second + SECTOR] = b, a
    elif kind == "shorter":
        del content[chance.randrange(len(content)) :]
    elif kind == "stale":
        before = older.get(name, b"")[first : first + SECTOR]
        content[first : first + len(before)] = before
    hurt[name] = bytes(content)
    return hurt, f"{kind} in {name} at {first}"
