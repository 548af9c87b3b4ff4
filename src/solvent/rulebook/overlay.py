"""A rulebook that changes another: what it names is taken over, everything else stays.

Sections are joined name by name; lists and values are replaced as a whole, and a section whose `kind` changes starts
empty, because the fields of the other kind mean nothing to it. A document without `extends` is left as it is.

Holes of a template are filled the same way, by path: `limits.limit[1].cap = "5000000"`; the word `none` takes the
place out instead.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from solvent.rulebook.faults import Fault
from solvent.rulebook.locate import Path
from solvent.rulebook.reading import UNKNOWN, written

DEPTH_MAX: Final = 8
"""Longer chains of overlays are nobody's venue."""

NONE: Final = "none"

Document = dict[str, Any]

_STEP: Final = re.compile(r"([A-Za-z0-9_-]+)((?:\[[0-9]+\])*)")


def joined(below: Document, above: Document) -> Document:
    """`below` with everything `above` names."""
    out = dict(below)
    for name, value in above.items():
        old = out.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            starts_anew = "kind" in value and "kind" in old and value["kind"] != old["kind"]
            out[name] = dict(value) if starts_anew else joined(old, value)
        else:
            out[name] = value
    return out


def resolved(
    document: Document, name: str, find: Callable[[str], tuple[str, Document]], chain: tuple[str, ...] = ()
) -> Document:
    """The document over the ones it extends. `find` gives the name and the document of another rulebook.

    Raises LookupError with the sentence that says why `meta.extends` leads nowhere.
    """
    meta = document.get("meta")
    base = meta.get("extends") if isinstance(meta, dict) else None
    if not isinstance(base, str):
        return document
    chain = (*chain, name)
    found, below = find(base)
    if found in chain:
        raise LookupError(f"{' extends '.join((*chain, found))}: a circle")
    if len(chain) > DEPTH_MAX:
        raise LookupError(f"{' extends '.join(chain)}: more than {DEPTH_MAX} overlays")
    below = resolved(below, found, find, chain)
    return joined(below, document)


def path_of(text: str) -> Path | None:
    """The path a person wrote, or nothing when it is none."""
    out: list[str | int] = []
    for step in text.split("."):
        found = _STEP.fullmatch(step)
        if found is None:
            return None
        out.append(found.group(1))
        out.extend(int(place) for place in re.findall(r"[0-9]+", found.group(2)))
    return tuple(out)


def unknown_paths(value: Any, path: Path = ()) -> list[Path]:
    """Every place that says `unknown`."""
    if value == UNKNOWN:
        return [path]
    if isinstance(value, dict):
        return [found for name, item in value.items() for found in unknown_paths(item, (*path, name))]
    if isinstance(value, list):
        return [found for row, item in enumerate(value) for found in unknown_paths(item, (*path, row))]
    return []


def filled(document: Document, fill: Mapping[str, str], faults: list[Fault]) -> Document:
    """The document with its unknown places filled; a path that is no hole, or holds none, is a fault."""
    holes = unknown_paths(document)
    gone: list[tuple[list[Any], int]] = []
    for text, value in fill.items():
        path = path_of(text)
        inside = [hole for hole in holes if path is not None and hole[: len(path)] == path]
        if path is None or not inside or (value != NONE and path not in holes):
            listed = ", ".join(written(hole) for hole in holes) or "nothing"
            faults.append(Fault(None, text, "this is not unknown, so it cannot be filled", f"Unknown here: {listed}."))
            continue
        holder: Any = document
        for step in path[:-1]:
            holder = holder[step]
        if value != NONE:
            holder[path[-1]] = _value_of(value)
        elif isinstance(holder, list):
            gone.append((holder, int(path[-1])))
        else:
            del holder[path[-1]]
    for holder, place in sorted(gone, key=lambda item: -item[1]):
        del holder[place]
    return document


def without_unknown(document: Document) -> tuple[Document, list[Path]]:
    """The document without its unknown places, and those places: of a list the whole element is left out.

    A value in a list of tables stands for its element: half a limit is no limit.
    """
    holes = unknown_paths(document)
    places = dict.fromkeys(_enclosing(hole) for hole in holes)
    for path in sorted(places, key=lambda path: [str(step).rjust(8) for step in path], reverse=True):
        holder: Any = document
        for step in path[:-1]:
            holder = holder[step]
        del holder[path[-1]]
    return document, list(places)


def _enclosing(path: Path) -> Path:
    """The list element a hole stands in, when there is one below the document's sections."""
    for length in range(len(path), 0, -1):
        if isinstance(path[length - 1], int):
            return path[:length]
    return path


def _value_of(text: str) -> Any:
    """A whole number, a truth value, or text."""
    try:
        return tomllib.loads(f"value = {text}")["value"] if re.fullmatch(r"-?[0-9]+|true|false", text) else text
    except tomllib.TOMLDecodeError:
        return text


def as_text(document: Document) -> str:
    """The document as TOML: what an overlay or a filled template amounts to, so that a journal holds all of it."""
    return _table(document, ())


def _table(table: Document, path: tuple[str, ...]) -> str:
    lines = [f"{_key(name)} = {_inline(value)}" for name, value in table.items() if not _stands_alone(value)]
    out = "\n".join(lines) + "\n" if lines else ""
    for name, value in table.items():
        here = (*path, name)
        heading = ".".join(map(_key, here))
        if isinstance(value, dict) and _stands_alone(value):
            out += f"\n[{heading}]\n{_table(value, here)}"
        elif _stands_alone(value):
            for item in value:
                out += f"\n[[{heading}]]\n{_table(item, here)}"
    return out


def _stands_alone(value: Any) -> bool:
    """Sections of their own: tables, and lists of tables."""
    return isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)
    )


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _inline(name)


def _inline(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        plain = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(sign if sign >= " " else f"\\u{ord(sign):04x}" for sign in plain) + '"'
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(name)} = {_inline(item)}" for name, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
