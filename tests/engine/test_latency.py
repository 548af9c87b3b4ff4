"""Report to decision: the histogram against a sorted list, and the engine that fills it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.machine import FIRST, START, small_terms

from solvent.commands import (
    COMMAND_DTYPE,
    Advance,
    CommandKind,
    Deposit,
    ListInstrument,
    OpenAccount,
    PriceReport,
    pack,
)
from solvent.engine.engine import Engine, Genesis
from solvent.engine.latency import BOUNDS_NS, ReportLatency


def batch(reports: int, others: int = 0) -> np.ndarray:
    made = np.zeros(reports + others, dtype=COMMAND_DTYPE)
    made["kind"] = CommandKind.ADVANCE
    made["kind"][:reports] = CommandKind.PRICE_REPORT
    return made


@given(st.lists(st.integers(1_000, 2**36), min_size=1, max_size=200), st.sampled_from([1, 50, 90, 99, 100]))
def test_a_percentile_is_at_most_a_fifth_above_the_true_one_and_never_below(times, share) -> None:
    latency = ReportLatency()
    for taken in times:
        latency.note(batch(1), taken)
    true = sorted(times)[max(-(-len(times) * share // 100) - 1, 0)]
    assert true <= latency.percentile_ns(share) <= true * 1.2
    assert latency.sum_ns == sum(times)
    assert latency.worst_ns == max(times) == latency.percentile_ns(100)


def test_only_reports_are_counted_each_with_the_time_of_its_batch() -> None:
    latency = ReportLatency()
    latency.note(batch(0, 1), 5)
    latency.note(batch(0, 3), 5)
    latency.note(batch(0), 5)
    assert (latency.reports, latency.percentile_ns(50)) == (0, 0)
    latency.note(batch(2, 3), 5_000)
    latency.note(batch(1), -7)  # a clock that steps back is no negative wait
    assert (latency.reports, latency.sum_ns) == (3, 10_000)


def test_what_is_beyond_the_last_bound_is_told_as_the_worst() -> None:
    latency = ReportLatency()
    latency.note(batch(1), int(BOUNDS_NS[-1]) * 3)
    assert latency.percentile_ns(50) == int(BOUNDS_NS[-1]) * 3


def test_the_engine_counts_what_is_submitted_and_not_what_is_replayed(tmp_path) -> None:
    terms = small_terms()
    genesis = Genesis.of(terms, ["a", "b"], {})
    with Engine.create(tmp_path / "venue", genesis) as engine:
        engine.submit([ListInstrument(START, 0), OpenAccount(START, FIRST, 1, 1), Deposit(START, FIRST, 5)])
        engine.submit([PriceReport(START + place, 0, 0, 100 + place, START + place) for place in range(1, 4)])
        engine.submit(pack([Advance(START + 9, 1)]))
        assert engine.latency.reports == 3
        assert 0 < engine.latency.percentile_ns(50) <= engine.latency.worst_ns
        report = engine.state.reports[0]
        assert (report.source_time_ns, report.receive_time_ns, report.sequence) == (START + 3, START + 3, 6)
    with Engine.open(tmp_path / "venue") as again:
        assert again.latency.reports == 0
        assert again.state.reports[0].sequence == 6
