"""`Slots`: so many jobs are with the service at a time; how many can change meanwhile."""

from __future__ import annotations

import asyncio


class Slots(asyncio.Semaphore):
    """`async with slots:` has one of them, and waits for it if need be. In the engine's thread."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._count = count
        self._too_many = 0  # of those that are taken: they go when they are given back

    def resize(self, count: int) -> None:
        """So many from now on. Of more that are taken none is taken back."""
        more, self._count = count - self._count, count
        self._too_many -= more
        while self._too_many > 0 and not self.locked():
            try:
                self.acquire().send(None)
            except StopIteration:  # it has not waited: there was one
                self._too_many -= 1
            else:
                break
        while self._too_many < 0:
            self._too_many += 1
            super().release()

    def release(self) -> None:
        if self._too_many > 0:
            self._too_many -= 1
        else:
            super().release()
