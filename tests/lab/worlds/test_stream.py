"""The random streams: published answers, independence of order, and the right distribution."""

import numpy as np
import pytest

from solvent.lab.worlds.compiled.stream import WORD, fill_normals, fill_words

# Known answers of Random123's distribution for philox4x32-10: counter, key, result.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((WORD,) * 4, (WORD,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_philox_gives_the_published_words(counter, key, answer):
    out = np.zeros((1, 4), dtype=np.int64)
    fill_words(*key, np.array([counter], dtype=np.int64), out)
    assert tuple(out[0].tolist()) == answer


def test_a_number_does_not_depend_on_what_was_drawn_before():
    long, short = np.zeros(1000), np.zeros(7)
    fill_normals(3, 0, 5, 10_001, long)
    fill_normals(3, 0, 5, 10_001, short)
    assert np.array_equal(long[:7], short)
    fill_normals(3, 0, 6, 10_001, short)
    assert not np.array_equal(long[:7], short)


def test_normals_are_normal_and_streams_are_uncorrelated():
    from scipy.stats import kstest

    first, second = np.zeros(20_000), np.zeros(20_000)
    fill_normals(11, 0, 0, 10_000, first)
    fill_normals(11, 0, 1, 10_000, second)
    assert kstest(first, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(20_000)
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 4 / np.sqrt(20_000)
