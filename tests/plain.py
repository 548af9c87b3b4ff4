"""The ground as plain Python: each kernel, and every kernel it calls, without the compiler.

What a risk file says is tested here, quickly and with numbers that cannot wrap unseen (a wrapping int64 warns, and a
warning is an error). That the compiled machine says the same is the business of test_determinism.
"""

import sys
from types import FunctionType
from typing import Any

_SPACES: dict[str, dict[str, Any]] = {}
_TWINS: dict[int, Any] = {}


def plain(function: Any) -> Any:
    """The kernel as Python all the way down; itself when nothing is compiled."""
    source = getattr(function, "py_func", None)
    if source is None:
        return function
    twin = _TWINS.get(id(function))
    if twin is None:
        twin = FunctionType(source.__code__, _space(source.__module__), source.__name__, source.__defaults__)
        _TWINS[id(function)] = twin
    return twin


def _space(module: str) -> dict[str, Any]:
    """The module's names, every kernel among them replaced by its plain twin."""
    space = _SPACES.get(module)
    if space is None:
        names = vars(sys.modules[module])
        space = _SPACES[module] = dict(names)
        space.update({name: plain(value) for name, value in names.items() if hasattr(value, "py_func")})
    return space
