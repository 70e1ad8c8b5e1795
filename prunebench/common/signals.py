"""The signals by which a scheduler, a closed terminal or `kill` ends a process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

ENDING = ("SIGTERM", "SIGHUP")
"""Those that end a process at once unless it minds them; Windows has not both."""


def as_ctrl_c(told: Callable[[], None] = lambda: None) -> Callable[[], None]:
    """Let what would end this process at once end it as Ctrl-C does, so that nothing is left behind.

    A signal that somebody handles already, or ignores as under `nohup`, stays theirs.

    Args:
        told: called when one of them comes, before the KeyboardInterrupt.

    Returns:
        what undoes it.
    """

    def interrupt(number: int, frame: FrameType | None) -> Any:
        told()
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    numbers = [getattr(signal, name) for name in ENDING if hasattr(signal, name)]
    ours = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, interrupt)

    def undo() -> None:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)

    return undo
