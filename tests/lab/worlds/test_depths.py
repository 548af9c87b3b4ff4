"""A run's depth from a book's own history."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from solvent.lab.worlds.depths import forecast_share, realised
from solvent.lab.worlds.faults import WorldError


def history(last_moves=0.0005, snapshots=600):
    random = np.random.Generator(np.random.PCG64(8))
    moves = np.where(np.arange(snapshots) < snapshots - 60, 0.0005, last_moves) * random.normal(size=snapshots)
    price = 100 * np.exp(np.cumsum(moves))
    depth = 1e6 * np.exp(0.1 * random.normal(size=snapshots)) / (1 + realised(price) / 0.0005)
    start = datetime(2025, 10, 6, tzinfo=UTC)
    time = [start + timedelta(minutes=10 * step) for step in range(snapshots)]
    return pl.DataFrame({"time": time, "depth": depth, "price": price})


def test_what_may_be_counted_on_is_never_more_than_the_floor_and_less_in_a_storm(tmp_path):
    calm, storm = tmp_path / "calm.parquet", tmp_path / "storm.csv"
    history().write_parquet(calm)
    history(0.05).write_csv(storm)
    share, told = forecast_share(calm)
    assert share == pytest.approx(0.05)
    assert told["low"] < told["median"]
    assert told["snapshots"] == 600
    thin, wild = forecast_share(storm)
    assert thin <= share
    assert wild["median"] < told["median"]


@pytest.mark.parametrize(
    ("frame", "word"),
    [
        (pl.DataFrame({"time": [1], "depth": [1.0]}), "price"),
        (pl.DataFrame({"time": [1], "depth": [1.0], "price": [1.0]}), "no instants"),
        (history(snapshots=50), "200"),
        (history().with_columns(depth=pl.lit(0.0)), "above zero"),
        (history().with_columns(price=pl.lit(-1.0)), "above zero"),
    ],
)
def test_histories_that_carry_no_forecast_are_told(tmp_path, frame, word):
    file = tmp_path / "book.parquet"
    frame.write_parquet(file)
    with pytest.raises(WorldError, match=word):
        forecast_share(file)


def test_a_file_that_is_none_is_told(tmp_path):
    with pytest.raises(WorldError, match="cannot be read"):
        forecast_share(tmp_path / "none.parquet")
