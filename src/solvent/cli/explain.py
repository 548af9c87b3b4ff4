"""`solvent explain`: where an account stands, or what was charged to it, as a tree whose sums add up.

Money is printed in the settlement currency with the quanta it is made of; a subtree printed before is not repeated.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from solvent.cli.exits import BAD_INPUT
from solvent.cli.verify import journal_directory
from solvent.commands import COMMAND_DTYPE
from solvent.engine.engine import Genesis
from solvent.engine.explain import Node, NotExplainable, explain_account, explain_charges
from solvent.engine.faults import DirectoryUnusable
from solvent.engine.journal import Journal

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

DEFAULT_DECIMALS: Final = 6
PIPE_WIDTH: Final = 160
"""Columns where nobody says how many there are: a line of the tree fits, and a file stays readable."""

NAMES: Final = frozenset({"sequence", "account", "owner"})
"""Units whose numbers are names: no thousands are separated."""


def explain(directory: Path, account: int, sequence: int | None, charges: bool, as_json: bool) -> None:
    """Print the tree of the account at `sequence`, or with `charges` every movement of its money up to it.

    What cannot be explained becomes a sentence and exit code 2; a damaged journal raises EngineFault.
    """
    try:
        place = journal_directory(directory)
        decimals = settlement_decimals(place)
        if charges:
            nodes = explain_charges(place, account, to_sequence=sequence)
        else:
            nodes = [explain_account(place, account, sequence)]
    except (DirectoryUnusable, NotExplainable) as fault:
        print(fault, file=sys.stderr)
        sys.exit(BAD_INPUT)
    if as_json:
        answer = msgspec.json.encode(nodes if charges else nodes[0])
        sys.stdout.write(msgspec.json.format(answer, indent=2).decode() + "\n")
        return
    print_trees(titled(account, nodes) if charges else nodes[0], decimals)


def settlement_decimals(place: Path) -> int:
    """Decimals of the settlement currency, as the documents of the journal say."""
    with Journal.open(place, COMMAND_DTYPE, read_only=True) as journal:
        genesis = msgspec.msgpack.decode(journal.genesis, type=Genesis)
    return int(genesis.documents.get("settlement_decimals", DEFAULT_DECIMALS))


def titled(account: int, nodes: list[Node]) -> Node:
    """Movements under one head: together they are the change of the wallet; collateral stands beside the sum."""
    change = sum(node.value or 0 for node in nodes if node.unit == "quanta")
    return Node(
        label=f"account {account}: change of the wallet",
        value=change,
        unit="quanta",
        rule="everything charged or paid, in order" if nodes else "nothing was charged or paid",
        children=tuple(nodes),
    )


def print_trees(node: Node, decimals: int) -> None:
    """The tree on standard output."""
    from rich.console import Console
    from rich.tree import Tree

    tree = Tree(line_of(node, decimals))
    hang(tree, node, decimals, set())
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PIPE_WIDTH)
    console.print(tree)


def hang(tree: "Tree", node: Node, decimals: int, seen: set[Node]) -> None:
    """The children of a node below it; a branch that was printed before is named only."""
    for child in node.children:
        line = line_of(child, decimals)
        if child.children and child in seen:
            tree.add(line.append("  (as above)", style="dim"))
            continue
        if child.children:
            seen.add(child)
        hang(tree.add(line), child, decimals, seen)


def line_of(node: Node, decimals: int) -> "Text":
    """Label, number, rule and where the rule stands."""
    from rich.text import Text

    line = Text(node.label, style="bold" if node.children else "")
    if node.value is not None:
        line.append("  ").append(written(node.value, node.unit, decimals), style="red" if node.value < 0 else "cyan")
    elif node.unit:
        line.append("  none", style="cyan")
    if node.rule:
        line.append(f"  {node.rule}" if node.value is not None or node.unit else f": {node.rule}", style="italic")
    if node.source:
        line.append(f"  [{node.source}]", style="dim")
    return line


def written(value: int, unit: str, decimals: int) -> str:
    """A number for people: money as a decimal with its quanta, everything else with its unit."""
    if unit == "quanta":
        return f"{money(value, decimals)} ({value:,} quanta)"
    if unit in NAMES:
        return str(value)
    return f"{value:,} {unit}".rstrip()


def money(quanta: int, decimals: int) -> str:
    """Quanta as a decimal with all its places; whole numbers all the way."""
    whole, rest = divmod(abs(quanta), 10**decimals)
    sign = "-" if quanta < 0 else ""
    return f"{sign}{whole:,}.{rest:0{decimals}d}" if decimals else f"{sign}{whole:,}"
