"""`solvent incidents`: known incidents, run under the rules of their time and under the recommended ones."""

import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from solvent.cli.exits import INTERRUPTED
from solvent.cli.replay import progress_line
from solvent.lab.incident import Incident, Retold, incident_ids, read_incident, run_incident


def incidents_command(named: tuple[str, ...], list_only: bool, seed: int, out: Path | None, as_json: bool) -> int:
    """List or run the incidents; 1 when one is not reproduced or not contained, else 0."""
    incidents = [read_incident(name) for name in named or incident_ids()]
    if list_only:
        show_list(incidents, as_json)
        return 0
    outcomes: list[Retold] = []
    interrupted = False
    with progress_line() as tell:
        try:
            for place, incident in enumerate(incidents):
                tell(place / len(incidents), incident.id)
                outcomes.append(run_incident(incident, seed=seed))
            tell(1.0, "done")
        except KeyboardInterrupt:
            if not outcomes:
                raise
            interrupted = True
    rows = [row_of(outcome) for outcome in outcomes]
    encoded = msgspec.json.format(msgspec.json.encode(rows), indent=2)
    if out is not None:
        out.write_bytes(encoded + b"\n")
    if as_json:
        sys.stdout.write(encoded.decode() + "\n")
    else:
        show_scoreboard(outcomes)
    if interrupted:
        print(f"interrupted: {len(outcomes)} of {len(incidents)} incidents, the list is partial", file=sys.stderr)
        return INTERRUPTED
    return 0 if all(outcome.contained and outcome.reproduced is not False for outcome in outcomes) else 1


def row_of(outcome: Retold) -> dict[str, Any]:
    """One incident as a row of the JSON answer; money in units of the settlement currency, as decimal strings."""
    incident = outcome.incident
    return {
        "id": incident.id,
        "date": incident.date,
        "venue": incident.venue,
        "class": incident.kind,
        "mechanism": incident.mechanism,
        "reproduced": outcome.reproduced,
        "contained": outcome.contained,
        "loss_recorded": None if incident.thin and not incident.loss else str(incident.loss),
        "loss_then": str(outcome.loss_then),
        "loss_now": str(outcome.loss_now),
        "measure": incident.measure,
        "paid_by_then": {name: str(amount) for name, amount in outcome.paid_by_then.items()},
        "paid_by": {name: str(amount) for name, amount in outcome.paid_by.items()},
        "refused_now": list(outcome.refused_now),
        "initial_margin_then": round(outcome.initial_then, 6),
        "initial_margin_now": round(outcome.initial_now, 6),
        "extra_capital_per_100k": str(outcome.extra_capital),
        "thin": incident.thin,
        "left_out": list(incident.left_out),
        "not_contained_because": list(outcome.why),
        "sources": list(incident.scenario.sources),
        "rulebook_then": incident.rulebook_then,
        "digest_then": outcome.digest_then,
        "digest_now": outcome.digest_now,
    }


def show_list(incidents: list[Incident], as_json: bool) -> None:
    """The cards, without running them."""
    if as_json:
        rows = [
            {"id": i.id, "date": i.date, "venue": i.venue, "class": i.kind, "mechanism": i.mechanism, "thin": i.thin}
            for i in incidents
        ]
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode() + "\n")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("incident", "date", "venue", "what failed"):
        table.add_column(title)
    for incident in incidents:
        table.add_row(incident.id, incident.date, incident.venue, incident.kind)
    Console().print(table)


def show_scoreboard(outcomes: list[Retold]) -> None:
    """Loss then and now, who paid, and what the recommended rules ask of an ordinary trader."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("incident")
    for title in ("recorded", "loss then", "loss now"):
        table.add_column(title, justify="right")
    table.add_column("reproduced")
    table.add_column("contained")
    table.add_column("paid now by")
    table.add_column("margin then", justify="right")
    table.add_column("now", justify="right")
    table.add_column("capital more for 100k", justify="right")
    for outcome in outcomes:
        incident = outcome.incident
        by = ", ".join(f"{name.replace('_', ' ')} {in_short(amount)}" for name, amount in outcome.paid_by.items())
        table.add_row(
            incident.id,
            "-" if not incident.loss else in_short(incident.loss),
            in_short(outcome.loss_then),
            in_short(outcome.loss_now),
            {True: "yes", False: "NO", None: "thin record"}[outcome.reproduced],
            "yes" if outcome.contained else "NO: " + "; ".join(outcome.why),
            by or ("refused: " + ", ".join(outcome.refused_now) if outcome.refused_now else "nobody"),
            f"{outcome.initial_then:.1%}",
            f"{outcome.initial_now:.1%}",
            in_short(outcome.extra_capital),
        )
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    known = [outcome for outcome in outcomes if outcome.reproduced is not None]
    print(
        f"{len(outcomes)} incidents: {sum(o.reproduced is True for o in known)} of {len(known)} with a full record "
        f"reproduced, {sum(o.contained for o in outcomes)} contained"
    )


def in_short(amount: Decimal) -> str:
    """3.73m, 12k, 5."""
    for size, letter in ((Decimal(10**9), "bn"), (Decimal(10**6), "m"), (Decimal(10**3), "k")):
        if abs(amount) >= size:
            return f"{amount / size:.2f}{letter}"
    return f"{amount:.0f}"
