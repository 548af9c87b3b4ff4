"""How the worlds' kernels are compiled, and how they call the machine without compiling it again.

The machine (`apply`) is compiled once into its own cache. Calling it by name from another compiled function would pull
its whole code through the optimiser a second time; `call_apply` calls its machine code by address instead, with the
compiler's own calling convention. The worlds' kernels have a cache of their own, keyed by their sources and by the
ground's: a change of the lab never compiles the machine again, and a change of the machine's records is never missed.
With NUMBA_DISABLE_JIT=1 everything here is the plain Python function.
"""

import hashlib
import pathlib
from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numba.core import cgutils, types
from numba.core.extending import intrinsic, overload

from solvent.compiled import cache_directory, quick_compilation
from solvent.engine.room import Machine
from solvent.events import Tape
from solvent.procedures.apply import apply

Function = TypeVar("Function", bound=Callable[..., Any])

_HERE = pathlib.Path(__file__).parent


def worlds_digest() -> str:
    """Hexadecimal fingerprint of every source of the worlds' kernels."""
    digest = hashlib.blake2b(digest_size=12)
    for file in sorted(_HERE.rglob("*.py")):
        digest.update(str(file.relative_to(_HERE)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


_CACHE = cache_directory() / f"worlds-{worlds_digest()}"


def world_kernel(function: Function) -> Function:
    """A function of the worlds, compiled into whatever calls it; floats are allowed here."""
    compiled: Function = numba.njit(error_model="numpy", no_cfunc_wrapper=True)(function)
    return compiled


def world_entry(function: Function) -> Function:
    """A function of the worlds that Python calls; its machine code is kept on disk."""
    previous = numba.config.CACHE_DIR
    try:
        # Numba reads the folder when the decorator runs; the user's own kernels keep theirs.
        _CACHE.mkdir(parents=True, exist_ok=True)
        numba.config.CACHE_DIR = str(_CACHE)
        compiled: Function = numba.njit(cache=True, error_model="numpy")(function)
    except OSError:
        compiled = numba.njit(error_model="numpy")(function)
    finally:
        numba.config.CACHE_DIR = previous
    return compiled


def apply_address(machine: Machine, tape: Tape, commands: np.recarray) -> int:
    """Where the machine's code begins for these tables; 0 when nothing is compiled."""
    if numba.config.DISABLE_JIT:
        return 0
    compiled: Any = apply
    with quick_compilation():
        compiled(*machine, tape, commands[:0], 0)
    arguments = (*(numba.typeof(part) for part in (*machine, tape, commands)), types.int64)
    result = compiled.overloads[arguments]
    return int(result.library.get_pointer_to_function(result.fndesc.llvm_func_name))


def call_apply(address: int, state: Any, watch: Any, tape: Any, commands: np.recarray, first: int) -> int:
    """`apply` on commands[first:]; the answer is the index of the first command not finished."""
    return apply(state, watch, tape, commands, first)


@intrinsic
def _call_at(typingctx, address, state, watch, tape, commands, first):  # type: ignore[no-untyped-def]  # Numba's form
    arguments = (state, watch, tape, commands, first)

    def generate(context, builder, signature, values):  # type: ignore[no-untyped-def]
        function_type = context.call_conv.get_function_type(types.int64, arguments)
        callee = builder.inttoptr(values[0], function_type.as_pointer())
        status, answer = context.call_conv.call_function(builder, callee, types.int64, arguments, values[1:])
        with cgutils.if_unlikely(builder, status.is_error):
            context.call_conv.return_status_propagate(builder, status)
        return answer

    return types.int64(address, *arguments), generate


@overload(call_apply)
def _call_apply_compiled(address, state, watch, tape, commands, first):  # type: ignore[no-untyped-def]
    def call(address, state, watch, tape, commands, first):  # type: ignore[no-untyped-def]
        return _call_at(address, state, watch, tape, commands, first)

    return call
