"""The panels of a stress report, each made from a run and the same world bent a little further."""

from typing import Final

from solvent.lab.worlds.figures import Figure
from solvent.lab.worlds.panels.bands import magnet
from solvent.lab.worlds.panels.bench import Bench
from solvent.lab.worlds.panels.cover import contagion
from solvent.lab.worlds.panels.dangers import frontier_of_attacks, latency, sensitivities
from solvent.lab.worlds.panels.losses import fund_survival, heat_map, verdict, waterfall
from solvent.lab.worlds.panels.margins import gap_tail, margin_adequacy, procyclicality
from solvent.lab.worlds.panels.people import concentration, fairness
from solvent.lab.worlds.runs import Progress
from solvent.lab.worlds.stress import StressRun

MAKERS: Final = (
    *(verdict, waterfall, fund_survival, heat_map, margin_adequacy, procyclicality, gap_tail),
    *(concentration, fairness, latency, frontier_of_attacks, contagion, sensitivities, magnet),
)
"""In the order of the report."""


def panels_of(run: StressRun, progress: Progress | None = None) -> list[Figure]:
    """All panels in their order."""
    tell = progress or (lambda _share, _what: None)
    bench = Bench(run, tell)
    figures = []
    for place, maker in enumerate(MAKERS):
        tell(place / len(MAKERS), f"report: {maker.__name__.replace('_', ' ')}")
        figures.append(maker(bench))
    tell(1.0, "report")
    return figures
