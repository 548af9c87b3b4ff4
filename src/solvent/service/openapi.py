"""The OpenAPI 3.1 document, made from the route table and the structures of the wire: it cannot fall behind them."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from solvent import __version__
from solvent.service.problems import STATUSES
from solvent.service.routes import ROUTES, Param, Route
from solvent.service.wire import COMMANDS_MAX, DESCRIBED, CommandsBody

DECIMAL: Final = r"^-?[0-9]{1,19}(\.[0-9]{1,18})?$"


def document() -> dict[str, Any]:
    """The whole document."""
    bodies = [route.body for route in ROUTES if route.body is not None]
    _schemas, components = msgspec.json.schema_components(
        [CommandsBody, *DESCRIBED.values(), *bodies], ref_template="#/components/schemas/{name}"
    )
    components["CommandsBody"]["properties"]["id"] |= {"minLength": 1, "maxLength": 64, "pattern": "^[ -~]+$"}
    components["CommandsBody"]["properties"]["commands"] |= {"minItems": 1, "maxItems": COMMANDS_MAX}
    components["Problem"] = _problem()
    components["Answers"] = _answers()
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    paths["/v1/commands"] = {"post": _commands()}
    paths["/v1/batch"] = {"post": _batch()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Solvent",
            "version": __version__,
            "description": "Reports, trades and transfers in; liquidation orders, breaker states and losses out. "
            "Amounts are decimal strings. The stream is a WebSocket at /v1/stream (docs/service.md).",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = []
    for piece in route.path.split("/"):
        if piece.startswith("{"):
            name = piece.strip("{}")
            schema: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
            if name == "key":
                schema = {"type": "string", "pattern": "^[a-z0-9]{8}$"}
            parameters.append({"name": name, "in": "path", "required": True, "schema": schema})
    parameters += [_parameter(param) for param in route.params]
    told: dict[str, Any] = {
        "summary": route.summary,
        "operationId": f"{route.method.lower()}_{route.answer}",
        "responses": {"200": {"description": "As asked.", "content": _content(route)}, "default": _refused()},
    }
    if parameters:
        told["parameters"] = parameters
    if route.body is not None:
        reference = {"$ref": f"#/components/schemas/{route.body.__name__}"}
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference}}}
    if route.right is not None:
        told["security"] = [{"key": []}]
    return told


def _content(route: Route) -> dict[str, Any]:
    if route.answer == "metrics":
        return {"text/plain": {"schema": {"type": "string"}}}
    if route.answer in ("blocks", "genesis"):
        return {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return {"application/json": {"schema": {"type": "object"}}}


def _parameter(param: Param) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "maxLength": 80}
    if param.kind == "int":
        schema = {"type": "integer", "minimum": param.least, "maximum": param.most}
    elif param.kind == "flag":
        schema = {"type": "boolean"}
    needed = param.default is None
    if not needed:
        schema["default"] = param.default
    return {
        "name": param.name, "in": "query", "required": needed, "schema": schema, "description": param.meaning,
    }  # fmt: skip


def _refused() -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/Problem"}
    return {"description": "What is wrong.", "content": {"application/json": {"schema": reference}}}


def _problem() -> dict[str, Any]:
    fault = {
        "type": "object",
        "properties": {"place": {"type": "string"}, "problem": {"type": "string"}},
        "required": ["place", "problem"],
    }
    error = {
        "type": "object",
        "properties": {
            "code": {"enum": sorted(STATUSES)},
            "sentence": {"type": "string"},
            "remedy": {"type": "string"},
            "faults": {"type": "array", "items": fault},
        },
        "required": ["code", "sentence", "remedy", "faults"],
    }
    return {"type": "object", "properties": {"error": error}, "required": ["error"]}


def _answers() -> dict[str, Any]:
    refusal = {
        "type": "object",
        "properties": {"number": {"type": "integer"}, "name": {"type": "string"}, "sentence": {"type": "string"}},
    }
    answer = {
        "type": "object",
        "properties": {"sequence": {"type": "integer"}, "accepted": {"type": "boolean"}, "refusal": refusal},
        "required": ["sequence", "accepted"],
    }
    return {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "first_sequence": {"type": "integer"},
            "duplicate": {"type": "boolean"},
            "answers": {"type": "array", "items": answer},
        },
        "required": ["id", "first_sequence", "duplicate", "answers"],
    }


def _commands() -> dict[str, Any]:
    body = {"$ref": "#/components/schemas/CommandsBody"}
    answers = {"$ref": "#/components/schemas/Answers"}
    return {
        "summary": "Commands, taken in this order. The same id and body is answered the same, for ever.",
        "operationId": "post_commands",
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {
                "description": "Each is durable; a refusal is an answer.",
                "content": {"application/json": {"schema": answers}},
            },
            "default": _refused(),
        },
        "security": [{"key": []}],
    }


def _batch() -> dict[str, Any]:
    schema = {"type": "string", "format": "binary"}
    name = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]+$"}
    return {
        "summary": "Trades and price reports as the records of solvent.commands, times zero.",
        "operationId": "post_batch",
        "parameters": [{"name": "Idempotency-Key", "in": "header", "required": True, "schema": name}],
        "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": schema}}},
        "responses": {
            "200": {"description": "All are durable.", "content": {"application/json": {"schema": {"type": "object"}}}},
            "default": _refused(),
        },
        "security": [{"key": []}],
    }
