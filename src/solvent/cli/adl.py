"""`solvent adl`: which policy of deleveraging keeps which axiom, and what each would have taken on a known day."""

import sys
from pathlib import Path

import msgspec

from solvent.lab.fairness.axioms import AXIOMS, Finding, matrix
from solvent.lab.fairness.policies import POLICIES
from solvent.lab.fairness.waves import Wave, compare, deficit_stock, read_waves


def adl_command(seeds: int, waves_file: Path | None, seed: int, as_json: bool) -> None:
    """Print the matrix, its counter-examples, and the comparison when a file of waves is given."""
    waves = read_waves(waves_file) if waves_file is not None else []
    findings = matrix(seeds)
    if as_json:
        answer = {
            "axioms": {axiom: title for axiom, (title, _check) in AXIOMS.items()},
            "matrix": [vars_of(finding) for finding in findings],
            "waves": compare(waves, seed) if waves else [],
            "deficit_flow_usd": sum(wave.deficit for wave in waves) if waves else None,
            "deficit_stock_usd": deficit_stock(waves) if waves else None,
        }
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode() + "\n")
        return
    print(matrix_text(findings, seeds))
    if waves:
        print()
        print(waves_text(waves, seed))


def vars_of(finding: Finding) -> dict[str, object]:
    """A finding as a row."""
    return {name: getattr(finding, name) for name in finding.__slots__}


def matrix_text(findings: list[Finding], seeds: int) -> str:
    """The matrix as a Markdown table, and the counter-example behind every failure."""
    lines = [
        f"Policies of deleveraging against axioms, {seeds} seeds each: `holds` means no seed broke it, a number is the",
        "first seed that did.",
        "",
        "| policy | " + " | ".join(f"{axiom} {title}" for axiom, (title, _check) in AXIOMS.items()) + " |",
        "|---|" + "---|" * len(AXIOMS),
    ]
    for policy in POLICIES:
        cells = ["holds" if f.broken_by is None else f"{f.broken_by}" for f in findings if f.policy == policy]
        lines.append(f"| {policy} | " + " | ".join(cells) + " |")
    lines += ["", "Counter-examples:", ""]
    lines += [f"- {f.policy}, {f.axiom}, seed {f.broken_by}: {f.how}" for f in findings if f.broken_by is not None]
    return "\n".join(lines)


def waves_text(waves: list[Wave], seed: int) -> str:
    """What each policy takes, beside what was taken."""
    flow, stock = sum(wave.deficit for wave in waves), deficit_stock(waves)
    lines = [
        f"{len(waves)} waves. Deficit: {flow:,.0f} USD as a flow of sightings, {stock:,.0f} USD as a stock.",
        "",
        "| policy | needed USD | taken USD | over or under USD | largest share of a gain | Gini | winners touched |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in compare(waves, seed):
        spread = ["-" if row[name] is None else f"{row[name]:.3f}" for name in ("largest_share_of_gain", "gini")]
        touched = "-" if row["touched"] is None else f"{row['touched']:,}"
        lines.append(
            f"| {row['policy']} | {row['needed_usd']:,.0f} | {row['taken_usd']:,.0f} | {row['overshoot_usd']:,.0f} | "
            f"{spread[0]} | {spread[1]} | {touched} |"
        )
    return "\n".join(lines)
