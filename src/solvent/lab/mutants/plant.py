"""A fault put into the running ground, and the ground made to say where it was.

The ground is not compiled here, so every module that imported a function holds the same Python function: a new code
object in it plants the fault everywhere at once, in a forked child that has nothing left to import.
"""

import ast
import importlib
from collections.abc import Callable, Sequence
from types import CodeType, FunctionType

from solvent.lab.mutants.faults import Place

MET = "_met_"


def plant(place: Place) -> None:
    """The function of the running ground does from now on what the planted source says."""
    function = _function(place)
    function.__code__ = _code(compile(place.planted, str(place.path), "exec"), place.function)


def watch_places(places: Sequence[Place], met: Callable[[int], None]) -> None:
    """From now on the ground calls `met` with a place's number before it runs the statement of that place."""
    for module in {place.module for place in places}:
        own = [(number, place) for number, place in enumerate(places) if place.module == module]
        tree = ast.parse(own[0][1].clean)
        for number, place in own:
            _call_before(tree, place, number)
        code = compile(ast.fix_missing_locations(tree), str(own[0][1].path), "exec")
        for function in {place.function for _number, place in own}:
            running = _function(next(place for _number, place in own if place.function == function))
            running.__globals__[MET] = met
            running.__code__ = _code(code, function)


def _function(place: Place) -> FunctionType:
    function = getattr(importlib.import_module(place.module), place.function)
    if not isinstance(function, FunctionType):
        raise TypeError(f"{place.module}.{place.function} is compiled: faults are planted with NUMBA_DISABLE_JIT=1")
    return function


def _code(module: CodeType, name: str) -> CodeType:
    return next(code for code in module.co_consts if isinstance(code, CodeType) and code.co_name == name)


def _call_before(tree: ast.Module, place: Place, number: int) -> None:
    """Put `_met_(number)` before the innermost statement that holds the place."""
    call = ast.Expr(ast.Call(ast.Name(MET, ast.Load()), [ast.Constant(number)], []))
    call.lineno = call.end_lineno = call.col_offset = call.end_col_offset = 0  # it holds no place itself
    body: list[ast.stmt] = []
    at = 0
    smallest: tuple[int, int] | None = None
    for node in ast.walk(tree):
        for name in ("body", "orelse"):
            statements = getattr(node, name, None)
            if not isinstance(statements, list) or isinstance(node, ast.Module):
                continue
            for position, statement in enumerate(statements):
                if not _holds(statement, place):
                    continue
                size = (statement.end_lineno - statement.lineno, -statement.col_offset)
                if smallest is None or size <= smallest:
                    smallest, body, at = size, statements, position
    if smallest is None:
        raise ValueError(f"no statement of {place.function} holds line {place.line}")
    body.insert(at, call)


def _holds(statement: ast.stmt, place: Place) -> bool:
    assert statement.end_lineno is not None
    assert statement.end_col_offset is not None
    begin, end = (statement.lineno, statement.col_offset), (statement.end_lineno, statement.end_col_offset)
    return begin <= (place.line, place.column) < end
