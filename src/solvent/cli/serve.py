"""`solvent serve`: one process a venue can run; with `--demo`, one that shows a living venue."""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path
from typing import Any, Final

from solvent.market.venue import read_venue
from solvent.rulebook.document import read_rulebook
from solvent.service.keys import TokenSettings
from solvent.service.logs import set_up
from solvent.service.serve import Service, Settings, SettingsRefused, check_settings, open_or_create, run

DEFAULT_DIRECTORY: Final = Path("venue")


def serve_command(
    directory: Path | None,
    rulebook: str,
    venue: Path | None,
    demo: bool,
    feeds: Path | None,
    follow: str,
    log: str,
    settings: dict[str, Any],
    oidc: Path | None,
) -> int:
    """Open or make the venue, and serve it until told to stop; give the exit code."""
    given = Settings(tokens=read_tokens(oidc) if oidc is not None else None, **settings)
    check_settings(given, True)
    set_up(given.log_level)
    if demo:
        from solvent.cli.demo import serve_demo

        return serve_demo(directory, rulebook, given, say)
    place = directory or DEFAULT_DIRECTORY
    if follow:
        from solvent.service.standby import serve_standby

        return serve_standby(place, follow, given, say)
    text = read_venue(venue) if venue is not None else (resources.files("solvent.market") / "venue.toml").read_text()
    rules = read_rulebook(rulebook)
    opened, first_key = open_or_create(place, text, rules.text, rules.name, log)
    if first_key:
        say("The administrator's key, told once. Make keys for everybody else with it, at /v1/keys:")
        say(f"  {first_key}")
    service = Service(opened, place, given)
    attach_venue(service)
    if feeds is not None:
        attach_feeds(service, feeds)
    return run(service, lambda url: say(f"serving {opened.venue.name} at {url}"))


def attach_venue(service: Service) -> None:
    """Connect the venue's order socket where the settings name one."""
    if service.settings.venue_socket:
        from solvent.service.orders import VenueOrders

        service.orders = VenueOrders(service, service.settings.venue_socket)
        service.backgrounds.append(service.orders.run)


def attach_feeds(service: Service, path: Path) -> None:
    """Listen to the feeds of a document. Raises SettingsRefused."""
    from solvent.service.sources import Sources, read_feeds

    try:
        sources = Sources(service, read_feeds(path))
    except (ValueError, OSError) as error:
        service.opened.engine.close()
        raise SettingsRefused(f"The feeds cannot be used: {error}.") from None
    service.backgrounds.append(sources.run)


def read_tokens(path: Path) -> TokenSettings:
    """Which people's tokens are believed: a TOML file with issuer, audience, key_file, algorithm, role_claim."""
    import tomllib

    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        key = (path.parent / given.pop("key_file")).read_text(encoding="utf-8")
        return TokenSettings(key=key, **given)
    except (OSError, UnicodeDecodeError, RecursionError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise SettingsRefused(
            f"{path} cannot be used ({error}). Write issuer, audience and key_file, and if you like algorithm and "
            "role_claim."
        ) from None


def say(line: str) -> None:
    """A line for the person who started the process; logs go to standard error."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
