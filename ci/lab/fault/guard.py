"""A process of its own that undoes one fault when its time is over, whatever has become of whoever began it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from lab.fault.inflict import undo
from lab.fault.record import read_record

_LOOK_SECONDS = 0.3


def main(path: Path) -> None:
    """Wait until the fault is undone by another, or undo it when it is due."""
    try:
        record = read_record(path)
        while time.time() < record.until:
            time.sleep(min(_LOOK_SECONDS, max(0.0, record.until - time.time())))
            read_record(path)
    except FileNotFoundError:
        return
    undo(record)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
