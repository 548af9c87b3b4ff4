"""The batch a round sends to the machine: the next record, and whether there is room for more."""

from solvent.lab.worlds.compiled.linking import world_kernel
from solvent.lab.worlds.compiled.tables import BATCH_ROOM, Cursor

ADVANCES_LEFT = 64


@world_kernel
def new_command(going, kind, now):
    """The next record of the batch, all zero but its kind and time."""
    place = going.cursor[Cursor.BATCH]
    going.cursor[Cursor.BATCH] = place + 1
    for word in range(going.words.shape[1]):
        going.words[place, word] = 0
    command = going.batch[place]
    command.kind = kind
    command.time_ns = now
    return command


@world_kernel
def room_left(going):
    """Records the batch still takes, what the advances need set aside."""
    return BATCH_ROOM - ADVANCES_LEFT - going.cursor[Cursor.BATCH]
