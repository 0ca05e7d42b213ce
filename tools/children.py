"""Ties a child's life to its parent's, through the kernel: no parent, no child, however the parent died."""

import ctypes
import os
import signal
from collections.abc import Callable

from tools.environment import Refusal

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(by: signal.Signals, *, parent: int | None = None) -> Callable[[], None]:
    """What a child runs before exec so that it gets `by` when the thread that started it ends; the tie survives exec.

    `parent` is this process, unless the caller ties itself to its own parent.
    """
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl  # looked up before the fork: the child must not load or allocate
    except AttributeError:
        raise Refusal("The local run needs Linux: elsewhere use a Linux virtual machine or the container image.") from None
    expected = parent or os.getpid()

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, int(by))
        if os.getppid() != expected:
            os._exit(0)  # the parent died before the tie was made

    return tie
