"""`solvent rulebook`: show a set of rules in words, validate a file, compare two, print the reference of parameters.

Exit codes: 0 done; 1 `diff` found accounts that would become liquidatable and `--no-harm` was asked for; 2 a rulebook,
position or snapshot that cannot be used, with every fault.
"""

import sys
import tomllib
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from solvent.cli.exits import BAD_INPUT

app = typer.Typer(
    help="Rulebooks: show, validate, compare, document.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

HARM = 1
SHOWN_MAX = 40


def emit(answer: Any) -> None:
    """An answer as readable JSON on standard output."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode() + "\n")


def amount(name: str, text: str | None) -> Decimal | None:
    """A decimal option. Leaves with 2 for what is none."""
    if text is None:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        print(f"{name}: {text!r} is not a number. Write digits and a point, as 1500.25.", file=sys.stderr)
        raise typer.Exit(BAD_INPUT)
    return value


@app.command()
def show(
    rulebook: Annotated[str, typer.Argument(help="A preset, NAME@DATE, or a file.")],
    market: Annotated[str | None, typer.Option("--market", "-m", help="Base of the example's market, as BTC.")] = None,
    price: Annotated[str | None, typer.Option("--price", "-p", help="Mark price of the example.")] = None,
    size: Annotated[
        str | None, typer.Option("--size", "-s", help="Signed size of the example; negative is short.")
    ] = None,
    entry: Annotated[str | None, typer.Option("--entry", help="Entry price; the mark without it.")] = None,
    deposit: Annotated[
        str | None, typer.Option("--deposit", "-d", help="Cash; half as much again as opening needs without it.")
    ] = None,
    leverage: Annotated[
        int, typer.Option("--leverage", "-l", min=0, max=1000, help="The trader's choice; 0: none.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print words and numbers as JSON, money in quanta.")] = False,
) -> None:
    """Say a rulebook in words, with the numbers of one position worked by the machine."""
    from solvent.lab.worked import Position, example_of, work
    from solvent.rulebook.document import RulebookError, read_template
    from solvent.rulebook.words import passages

    template = read_template(rulebook)
    said = passages(tomllib.loads(template.text))
    holes = [f"{fault.path}: {fault.problem}" for fault in (*template.unknown, *template.unrun)]
    worked, refused = None, ""
    if template.rulebook is None:
        refused = "the document leaves out what the machine needs; fill the holes first"
    else:
        example = example_of(template.rulebook, market)
        given = (
            amount("--price", price),
            amount("--size", size),
            amount("--entry", entry),
            amount("--deposit", deposit),
        )
        position = Position(
            example.market,
            given[0] if given[0] is not None else example.price,
            given[1] if given[1] is not None else example.size,
            given[2],
            given[3],
            leverage,
        )
        if position.price <= 0:
            print("--price: it must be above zero.", file=sys.stderr)
            raise typer.Exit(BAD_INPUT)
        try:
            worked = work(template.rulebook, position)
        except RulebookError as error:
            if any(value is not None for value in (market, price, size, entry, deposit)):
                raise
            refused = "; ".join(fault.problem for fault in error.faults)
    if as_json:
        emit(
            {
                "name": template.name,
                "passages": [{"title": one.title, "lines": list(one.lines)} for one in said],
                "holes": holes,
                "worked": worked.as_json() if worked is not None else None,
                "refused": refused,
            }
        )
        return
    for passage in said:
        print(passage.title)
        for line in passage.lines:
            print(f"  {line}")
        print()
    if holes:
        print("Not for live use")
        for hole in holes:
            print(f"  {hole}")
        print()
    print("A position, worked")
    for line in worked_lines(worked) if worked is not None else [f"no numbers: {refused}"]:
        print(f"  {line}")


def worked_lines(worked: Any) -> list[str]:
    """The numbers of a position in words."""
    from solvent.cli.explain import money

    at = worked.position
    side = "long" if at.size > 0 else "short"
    unit = f"of the quote currency in inverse {at.market}" if worked.inverse else at.market
    entry = at.entry if at.entry is not None else at.price

    def said(quanta: int) -> str:
        return money(quanta, worked.decimals)

    lines = [
        f"{side} {abs(at.size)} {unit} at {at.price}, entered at {entry}",
        f"notional {money(worked.notional_quanta, worked.decimals)}",
        f"deposit {said(worked.deposit_quanta)}, equity {said(worked.equity_quanta)}",
    ]
    for name, quanta in worked.requirements_quanta.items():
        share = f" ({quanta * 100 / worked.notional_quanta:.4g} % of notional)" if worked.notional_quanta else ""
        lines.append(f"{name} requirement {money(quanta, worked.decimals)}{share}")
    lines.append(f"free above initial {money(worked.free_quanta, worked.decimals)}")
    for line in worked.lines:
        lines.append(f"{line.what}: {'no price' if line.price is None else f'from {line.price} on'}")
    return [*lines, *(f"note: {note}" for note in worked.notes)]


@app.command()
def validate(
    rulebook: Annotated[str, typer.Argument(help="A preset, NAME@DATE, or a file.")],
    template: Annotated[
        bool, typer.Option("--template", "-t", help="Allow values that are `unknown`; such a file is not for live use.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the faults as JSON.")] = False,
) -> None:
    """Check a rulebook: every fault with its line and remedy, or what it holds when there is none."""
    from solvent.rulebook.document import RulebookError, read_rulebook, read_template

    faults: list[Any] = []
    open_points: list[Any] = []
    digest = None
    try:
        if template:
            found = read_template(rulebook)
            open_points = [*found.unknown, *found.unrun]
            digest = found.rulebook.digest if found.rulebook is not None else None
        else:
            digest = read_rulebook(rulebook).digest
    except RulebookError as error:
        faults, message = list(error.faults), str(error)
        if not as_json:
            print(message, file=sys.stderr)
    if as_json:
        emit({"valid": not faults, "digest": digest, "faults": faults, "open": open_points})
    elif not faults:
        print(f"{rulebook}: no fault" + (f", digest {digest}" if digest else ""))
        for fault in open_points:
            place = f"line {fault.line}: " if fault.line else ""
            print(f"  not for live use: {place}{fault.path}: {fault.problem}. {fault.remedy}")
    if faults:
        raise typer.Exit(BAD_INPUT)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="The rules in force: a preset, NAME@DATE, or a file.")],
    after: Annotated[str, typer.Argument(help="The rules proposed.")],
    on: Annotated[
        str | None,
        typer.Option("--on", help="Judge a snapshot under both: a journal's folder, or a scenario's people."),
    ] = None,
    accounts: Annotated[
        int | None, typer.Option("--accounts", "-n", min=1, max=2_000_000, help="People of a scenario.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**62, help="Seed of a scenario's people.")] = 1,
    no_harm: Annotated[
        bool, typer.Option("--no-harm", help="Leave with 1 when an account would become liquidatable.")
    ] = False,
    leave_out_unknown: Annotated[
        bool, typer.Option("--leave-out-unknown", help="Compare templates too: take out what they call unknown.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON, money in quanta.")] = False,
) -> None:
    """Compare two rulebooks: what changes, in how many steps, and whom it would liquidate at unchanged prices."""
    from solvent.cli.compare import read_all
    from solvent.lab.effect import effect_of, opening_of, snapshot_of
    from solvent.rulebook.differences import differences_of, enforcement_of

    old, new = read_all([before, after], leave_out_unknown)
    found = differences_of(old, new)
    effect = None
    if on is not None:
        place = Path(on)
        if place.is_dir():
            from solvent.cli.verify import journal_directory

            state, symbols, decimals = snapshot_of(journal_directory(place))
        else:
            state, symbols, decimals = opening_of(on, old, accounts, seed)
        effect = effect_of(state, symbols, decimals, old, new)
    if as_json:
        emit(
            {
                "differences": [one.as_json() for one in found],
                "enforced": enforcement_of(old, found) if found else [],
                "effect": effect.as_json() if effect else None,
            }
        )
    else:
        for line in difference_lines(found):
            print(line)
        for line in enforcement_of(old, found) if found else []:
            print(line)
        for line in effect_lines(effect) if effect is not None else []:
            print(line)
    if no_harm and effect is not None and effect.fallen_count:
        raise typer.Exit(HARM)


def difference_lines(found: list[Any]) -> list[str]:
    """What changes, one line each; an element of a list that is new or gone is one line with all it says."""
    from solvent.rulebook.reference import duration
    from solvent.rulebook.words import name_in_words, value_in_words

    if not found:
        return ["the two say the same"]
    lines = [f"{len(found)} difference{'s' if len(found) != 1 else ''}"]
    gathered: dict[tuple[str, bool], list[Any]] = {}
    for one in found:
        element = one.path[: one.path.rfind("]") + 1]
        alone = element and (one.before is None or one.after is None)
        gathered.setdefault((element if alone else one.path, one.before is None), []).append(one)
    for (path, is_new), parts in gathered.items():
        first = parts[0]
        asks = f"notice {duration(first.rule.notice_ms)}, {first.rule.who}"
        if path != first.path:
            said = []
            for one in parts:
                name = one.path.rsplit(".", 1)[-1]
                value = one.after if is_new else one.before
                said.append(f"{name_in_words(name)} {value_in_words(name, value)}".strip())
            lines.append(f"  {path}: {'new' if is_new else 'gone'}: {', '.join(said)}  ({asks})")
            continue
        name = path.rsplit(".", 1)[-1]
        old, new = ("not there" if v is None else value_in_words(name, v) for v in (first.before, first.after))
        if first.steps is not None and first.steps > 1:
            asks += f"; beyond one step: {first.steps} steps of at most {first.rule.step_max_ppm // 10_000} %"
        lines.append(f"  {path}: {old} -> {new}  ({asks})")
    return lines


def effect_lines(effect: Any) -> list[str]:
    """Whom it would hit."""
    from solvent.cli.explain import money

    decimals = effect.settlement_decimals

    def change(pair: tuple[int, int]) -> str:
        moved = pair[1] - pair[0]
        share = f", {moved * 100 / pair[0]:+.2f} %" if pair[0] else ""
        sign = "+" if moved >= 0 else ""
        both = f"{money(pair[0], decimals)} -> {money(pair[1], decimals)}"
        return f"{both} ({sign}{money(moved, decimals)}{share})"

    lines = [
        "",
        f"on {effect.accounts} accounts with positions, at unchanged prices",
        f"  become liquidatable: {effect.fallen_count}; stand again: {effect.recovered_count}",
        f"  distressed: {effect.distressed_before} -> {effect.distressed_after}",
        f"  initial requirement: {change(effect.initial_quanta)}",
        f"  maintenance requirement: {change(effect.maintenance_quanta)}",
    ]
    for one in effect.fallen:
        lines.append(
            f"  account {one.account}: equity {money(one.after.equity, decimals)},"
            f" maintenance {money(one.before.maintenance, decimals)} -> {money(one.after.maintenance, decimals)}"
        )
    if effect.fallen_count > len(effect.fallen):
        lines.append(f"  and {effect.fallen_count - len(effect.fallen)} more")
    return lines


@app.command()
def docs(
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the page there instead of printing it.")
    ] = None,
) -> None:
    """Print the reference page of every parameter: unit, bounds, largest step, notice, who, and why it exists."""
    from solvent.rulebook.reference import reference_page

    page = reference_page()
    if out is None:
        sys.stdout.write(page)
        return
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        print(f"{out} cannot be written: {error.strerror}. Name a file in a folder of your own.", file=sys.stderr)
        raise typer.Exit(BAD_INPUT) from None
    print(f"written to {out}", file=sys.stderr)
