"""How the clerk is compiled: by Numba, apart from the machine, into a cache of its own.

The folder is named by the machine's sources and the clerk's: whoever changes either compiles again. With
NUMBA_DISABLE_JIT=1 the same functions run as plain Python.
"""

import hashlib
import pathlib
from collections.abc import Callable
from typing import Any, TypeVar

import numba as _numba

from solvent.compiled import cache_directory

Function = TypeVar("Function", bound=Callable[..., Any])

NUMBA: Any = _numba  # it describes itself in part only
_HERE = pathlib.Path(__file__).parent


def clerk_digest() -> str:
    """Hexadecimal fingerprint of every source of this folder."""
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(_HERE.glob("*.py")):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def step(function: Function) -> Function:
    """A function of the clerk, compiled into whatever calls it."""
    compiled: Function = NUMBA.njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
    return compiled


def whole(function: Function) -> Function:
    """A function of the clerk that Python calls; its machine code is kept on disk."""
    previous = NUMBA.config.CACHE_DIR
    try:
        place = cache_directory() / f"clerk-{clerk_digest()}"
        place.mkdir(parents=True, exist_ok=True)
        NUMBA.config.CACHE_DIR = str(place)
        compiled: Function = NUMBA.njit(cache=True, error_model="numpy")(function)
    except OSError:
        # a read-only home is no reason to refuse work: compile in memory, every time
        compiled = NUMBA.njit(error_model="numpy")(function)
    finally:
        NUMBA.config.CACHE_DIR = previous
    return compiled
