"""Faults planted in the journal, to see that the rig finds them: the tester tested."""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

from solvent.engine import journal as journal_module
from solvent.engine import store as store_module
from solvent.engine import watermark as watermark_module
from solvent.engine.blocks import BlockRow


@contextlib.contextmanager
def _changed(*changes: tuple[Any, str, Any]) -> Iterator[None]:
    kept = [(owner, name, getattr(owner, name)) for owner, name, _value in changes]
    for owner, name, value in changes:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)


def _acknowledge_before_sync() -> Any:
    use = store_module.Store.use

    def careless(store: Any) -> None:
        use(store)
        store.read("PRAGMA synchronous = OFF")

    return _changed((store_module.Store, "use", careless))


def _no_watermark_sync() -> Any:
    return _changed((watermark_module, "_sync_data", lambda _descriptor: None))


def _no_watermark() -> Any:
    return _changed((journal_module, "_compare_with_mark", lambda *_arguments, **_options: None))


def _no_checksum() -> Any:
    def trusting(_path: Any, _dtype: Any, row: Any) -> Any:
        return BlockRow(*row)

    return _changed((journal_module, "checked_block", trusting))


def _throws_log_away() -> Any:
    def close(store: Any, *, remove_log: bool = False) -> None:
        store._connection.close()
        store.path.with_name(store.path.name + "-wal").unlink(missing_ok=True)

    return _changed((store_module.Store, "close", close), (store_module.Store, "checkpoint", lambda _store: True))


def _one_slot() -> Any:
    whole = watermark_module._write_whole

    def first_slot(descriptor: int, content: bytes, offset: int) -> None:
        whole(descriptor, content, 0 if len(content) < 512 else offset)

    def any_parity(content: bytes, slot: int) -> Any:
        record = content[: watermark_module._RECORD.size]
        checksum = content[watermark_module._RECORD.size : watermark_module._COPY_BYTES]
        if slot == 0 or checksum != watermark_module._checksum(record):
            return None
        _magic, counter, sequence, chain_hash = watermark_module._RECORD.unpack(record)
        return watermark_module.Mark(sequence, chain_hash, counter, whole=True)

    return _changed((watermark_module, "_write_whole", first_slot), (watermark_module, "_read_slot", any_parity))


def _retry_failed_sync() -> Any:
    def stubborn(descriptor: int) -> None:
        for _ in range(3):
            try:
                os.fdatasync(descriptor)
            except OSError:
                continue
            return

    return _changed((watermark_module, "_sync_data", stubborn))


def _watermark_before_block() -> Any:
    append = journal_module.Journal.append

    def early(journal: Any, records: Any, time_ns: int, *notes: Any) -> int:
        last = journal.head_sequence + len(records)
        journal._watermark.write(last, b"\0" * watermark_module.HASH_BYTES)
        journal._watermark._sequence -= 1
        return int(append(journal, records, time_ns, *notes))

    return _changed((journal_module.Journal, "append", early))


PLANTED: dict[str, Callable[[], Any]] = {
    "acknowledges before the sync": _acknowledge_before_sync,
    "does not sync the watermark": _no_watermark_sync,
    "does not compare with the watermark": _no_watermark,
    "does not check blocks": _no_checksum,
    "throws the log away unmoved": _throws_log_away,
    "keeps one slot of the watermark": _one_slot,
    "tries a failed sync again": _retry_failed_sync,
    "promises before it keeps": _watermark_before_block,
}
"""Name of the fault -> a context in which the journal has it."""


def planted(name: str | None) -> Any:
    """The context of a planted fault; nothing is changed without a name."""
    return PLANTED[name]() if name else contextlib.nullcontext()
