"""What a process has loaded when it is ready stays for as long as it runs, and is not looked through again and again.

Python's collector of cycles goes through all objects that have lived for a while whenever there are a quarter more of
them. Of a loaded service that is a third of a million that never go, which takes 140 ms of the processor, and every
request of the process waits it out. Nor does it find anything while modules are loaded: a fifth of the time of a start
would go into looking.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Young objects are looked through when so many more were made than freed: what a few dozen requests under way hold.
YOUNG_OBJECTS = 10_000


def keep_what_is_loaded() -> None:
    """Let go of what starting left over, and keep the rest out of the collector's sight."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])


@contextmanager
def loading() -> Iterator[None]:
    """Load modules without the collector looking through what has come so far."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
