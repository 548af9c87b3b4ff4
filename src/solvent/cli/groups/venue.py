"""`solvent serve`: the machine beside a venue."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def serve(
    data: Annotated[
        Path | None, typer.Option("--data", "-d", help="The venue's directory, made if missing; ./venue without it.")
    ] = None,
    rulebook: Annotated[str, typer.Option("--rulebook", "-r", help="For a new venue: a preset or a file.")] = "solvent",
    venue: Annotated[
        Path | None, typer.Option("--venue", help="For a new venue: its markets and sources, as TOML.")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="A living venue with seeded traders; without --data nothing is kept.")
    ] = False,
    host: Annotated[str, typer.Option("--host", help="Address to bind.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to bind; 0 takes a free one.")] = 8700,
    tls_certificate: Annotated[
        Path | None, typer.Option("--tls-certificate", help="PEM; a public address needs it.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="PEM.")] = None,
    oidc: Annotated[Path | None, typer.Option("--oidc", help="TOML: whose tokens are people's passports.")] = None,
    webhook: Annotated[str, typer.Option("--webhook", envvar="SOLVENT_WEBHOOK", help="URL that is told alerts.")] = "",
    venue_socket: Annotated[
        str, typer.Option("--venue-socket", help="WebSocket of the venue that takes liquidation orders.")
    ] = "",
    feeds: Annotated[
        Path | None, typer.Option("--feeds", help="TOML: price feeds of other venues and oracles.")
    ] = None,
    follow: Annotated[
        str,
        typer.Option(
            "--follow",
            help="Stand by: follow a directory, a PostgreSQL log, or a service's URL (key in SOLVENT_FOLLOW_KEY).",
        ),
    ] = "",
    log: Annotated[
        str, typer.Option("--log", envvar="SOLVENT_LOG", help="PostgreSQL that keeps the journal, for followers.")
    ] = "",
    log_level: Annotated[str, typer.Option("--log-level", help="debug, info, warning or error.")] = "info",
) -> None:
    """Run the machine beside a venue: interface, stream and page in one process, everything durable.

    Leaves with 0 when told to stop, 2 for settings it refuses, 3 after a fault of journal or machine: start it again.
    """
    from solvent.cli.serve import serve_command

    settings = {
        "host": host, "port": port, "tls_certificate": tls_certificate, "tls_key": tls_key, "webhook": webhook,
        "venue_socket": venue_socket, "log_level": log_level,
    }  # fmt: skip
    sys.exit(serve_command(data, rulebook, venue, demo, feeds, follow, log, settings, oidc))
