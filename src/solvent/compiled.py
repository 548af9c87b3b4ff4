"""How the ground is compiled: two decorators, one handle, and one rule about the cache.

`kernel` marks a function of the compiled ground; `entry` marks one that Python calls. Only entries are kept on
disk. Numba's own cache notices a change in the file of the entry but not in the files of the functions it calls,
so the cache folder is keyed by a digest of every compiled source and of the Numba version: a stale kernel cannot
be loaded. With NUMBA_DISABLE_JIT=1 both decorators return the plain Python function.

`bind` turns a named tuple of arrays into a handle of one pointer. Passing the tuple itself from function to function
hands over some two hundred numbers at every call: with the handle a trade is five times faster and the machine
compiles in 60 % of the time (docs/decisions/0002-handles.md).
"""

import hashlib
import inspect
import os
import pathlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, TypeVar

import numba
from numba.core import types
from numba.core.codegen import CPUCodeLibrary, JITCPUCodegen
from numba.core.extending import overload
from numba.experimental import structref

Function = TypeVar("Function", bound=Callable[..., Any])

_PACKAGE = pathlib.Path(__file__).parent
_GROUND = ("compiled.py", "units.py", "codes.py", "commands.py", "events.py", "state", "risk", "procedures")


def ground_digest() -> str:
    """Hexadecimal fingerprint of every source that is compiled, and of the compiler's version."""
    digest = hashlib.blake2b(digest_size=12)
    digest.update(version("numba").encode())
    for part in _GROUND:
        place = _PACKAGE / part
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(str(file.relative_to(_PACKAGE)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def cache_directory() -> pathlib.Path:
    """Folder of the compiled machine; `SOLVENT_CACHE` or the user's cache folder is its parent."""
    root = os.environ.get("SOLVENT_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "solvent"
    )
    return pathlib.Path(root) / ground_digest()


_CACHE = cache_directory()


def is_cold() -> bool:
    """True when the machine has still to be compiled on this computer."""
    if numba.config.DISABLE_JIT:
        return False
    return not any(_CACHE.rglob("apply.*.nbi"))


@contextmanager
def quick_compilation() -> Iterator[None]:
    """Compile with the optimiser's first level, and each function once: half the time, and no slower to run.

    Numba makes machine code of every function together with all it calls, so what stands five calls below the entry
    is optimised and emitted six times, and only the last is ever run. Here a kernel that Python cannot call hands its
    plain code up, and the entry optimises the whole once. This reaches into Numba; where a version of it looks
    different, the machine compiles the long way.
    """
    level = numba.config.OPT
    numba.config.OPT = 1
    finalize, set_env = CPUCodeLibrary.finalize, JITCPUCodegen.set_env
    if all(hasattr(CPUCodeLibrary, name) for name in ("_get_module_for_linking", "_ensure_finalized")):
        CPUCodeLibrary.finalize = _finalize_callable
        JITCPUCodegen.set_env = _set_env_where_emitted
    try:
        yield
    finally:
        numba.config.OPT = level
        CPUCodeLibrary.finalize, JITCPUCodegen.set_env = finalize, set_env


_finalize = CPUCodeLibrary.finalize
_set_env = JITCPUCodegen.set_env


def _finalize_callable(library: Any) -> None:
    """Link what an inner kernel calls and leave it at that; finish everything else as usual."""
    module = library._final_module
    if library.name not in _INNER or any(function.name.startswith(_WRAPPER) for function in module.functions):
        _finalize(library)
        return
    for below in dict.fromkeys(library._linking_libraries):
        library._reload_init.update(below._reload_init)
        module.link_in(below._get_module_for_linking(), preserve=True)
    library._finalized = True


def _set_env_where_emitted(codegen: Any, name: str, env: Any) -> None:
    """A kernel without machine code of its own has no place for an environment, and never raises, which is its use."""
    if codegen._engine.get_global_value_address(name):
        _set_env(codegen, name, env)


_INNER: set[str] = set()
_WRAPPER = "_ZN7cpython"


def kernel(function: Function) -> Function:
    """A function of the ground, compiled into whatever calls it.

    One that takes tables is called by kernels and entries only: without the code by which Python would hand it the
    tables, the machine compiles in two thirds of the time. Tests call its plain twin.

    Divisors are positive by the bounds of the terms, so no code is made for a division by zero; the plain run of the
    tests would raise there.
    """
    inner = not {"state", "watch", "tape"}.isdisjoint(inspect.signature(function).parameters)
    if inner:
        _INNER.add(function.__qualname__)
    options: dict[str, Any] = {"error_model": "numpy", "no_cpython_wrapper": inner, "no_cfunc_wrapper": inner}
    compiled: Function = numba.njit(**options)(function)
    return compiled


def plain(function: Function) -> Function:
    """The Python source of a kernel, for a small question that is not worth compiling; what it calls stays compiled."""
    source: Function = getattr(function, "py_func", function)
    return source


def entry(function: Function) -> Function:
    """A function Python may call; its machine code is kept on disk."""
    previous = numba.config.CACHE_DIR
    try:
        # Numba reads the folder when the decorator runs; the user's own kernels keep theirs.
        _CACHE.mkdir(parents=True, exist_ok=True)
        numba.config.CACHE_DIR = str(_CACHE)
        compiled: Function = numba.njit(cache=True, error_model="numpy")(function)
    except OSError:
        # A read-only home is no reason to refuse work: compile in memory, every time.
        compiled = numba.njit(error_model="numpy")(function)
    finally:
        numba.config.CACHE_DIR = previous
    return compiled


@structref.register
class Handle(types.StructRef):
    """Compiled type of a bound named tuple: a pointer to its fields."""

    def __init__(self, fields: Any) -> None:
        super().__init__(fields)
        # The full name spells out every column, and every symbol of every call would carry it through the compiler.
        self.name = "Handle" + hashlib.blake2b(self.name.encode(), digest_size=12).hexdigest()

    def preprocess_fields(self, fields: Any) -> Any:
        """Keep the fields as they are given."""
        return fields


def bind(tables: Any) -> Any:
    """A handle on a named tuple of arrays; outside the compiler, the tuple itself."""
    return tables


@overload(bind)
def _bind_compiled(tables):  # type: ignore[no-untyped-def]  # Numba compares the argument lists literally
    named = list(zip(tables.fields, tables.types, strict=True))
    lines = ["def bind_fields(tables):", "    handle = new(handle_type)"]
    lines += [f"    handle.{name} = tables.{name}" for name, _kind in named]
    lines.append("    return handle")
    space: dict[str, Any] = {"new": structref.new, "handle_type": Handle(named)}
    exec("\n".join(lines), space)  # the field names are those of our own named tuples
    return space["bind_fields"]
