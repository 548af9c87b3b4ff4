"""`solvent audit`: whether the watch of a journal missed nobody, at any sequence.

Exit codes: 0 the index and both scans agree; 1 they do not; 3 the journal cannot be read.
"""

import sys
from pathlib import Path

import msgspec
import typer

from solvent.cli.verify import journal_directory
from solvent.engine.audit import WatchAudit, audit_journal

CHECK_FAILED = 1


def audit_command(directory: Path, sequence: int | None, last: int, as_json: bool) -> None:
    """Replay, audit, print. Raises EngineFault; exits with 1 when an audit finds something wrong."""
    reports: list[WatchAudit] = []
    for report in audit_journal(journal_directory(directory), sequence, last):
        reports.append(report)
        if last and sys.stderr.isatty():
            sys.stderr.write(f"\r{len(reports):,} of {last + 1:,} audited")
            sys.stderr.flush()
    if last and sys.stderr.isatty():
        sys.stderr.write("\n")
    final = reports[-1]
    broken = [report for report in reports if not report.is_sound]
    if as_json:
        answer = {
            **msgspec.to_builtins(final),
            "lists_equal": all(report.lists_equal for report in reports),
            "sound": not broken,
            "audits": len(reports),
            "broken_at": [report.sequence for report in broken],
        }
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
    else:
        _print(final, len(reports), broken)
    if broken:
        raise typer.Exit(CHECK_FAILED)


def _print(final: WatchAudit, audits: int, broken: list[WatchAudit]) -> None:
    for name, value in (
        ("audits", audits),
        ("sequence", final.sequence),
        ("accounts", final.accounts),
        ("flagged", final.flagged),
        ("judged at every price", final.loose),
        ("corners to be repaired", final.pending),
        ("doubted by the filter", final.doubted),
        ("exact scan, ms", final.exact_ms),
        ("filtered scan, ms", final.filtered_ms),
    ):
        print(f"{name:<24} {value:,}")
    for symbol in final.markets_by_scan:
        print(f"no certificate for {symbol}: its holders are judged at every price")
    for report in broken:
        print(f"BROKEN at {report.sequence}: {report.missed_count} missed {report.missed}, scans differ on ", end="")
        print(f"{report.differing}, corners {report.broken_corners}, {report.broken_maxima} maxima")
    if not broken:
        print("The index and both scans name the same accounts; every corner holds.")
