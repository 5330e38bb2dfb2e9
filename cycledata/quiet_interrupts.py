"""Ctrl-C while a command line is still loading its modules ends it without a traceback.

The command lines import this module first; later, `cycledata.console.run` handles interrupts.
"""

import sys
from types import TracebackType


def _print_unless_interrupted(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)


if sys.excepthook is sys.__excepthook__:
    sys.excepthook = _print_unless_interrupted
