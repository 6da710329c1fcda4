"""The kernel's half of the conversation with a widget's view (`messages.py`): every message is answered, and
answered once.

The work is done in the engine's thread. Jupyter takes what that thread sends at any time; Colab, and some
marimo, only what is sent while the handler of a message runs. So the handler waits a moment for its answer
and sends it itself; an answer that took longer is sent by the engine, and once more when the view says hello.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for_futures
from typing import Any

from runcrate_widget.jobs.loop import engine

from .state_messages import Message

_MOMENT = 0.2  # seconds
_REMEMBERED_IDS = 10_000
_REMEMBERED_REPLIES = 32

Reply = tuple[Message, list[bytes]]


class Conversation:
    """Takes the view's messages and sends their answers.

    `send(content, buffers)` sends a custom message. `reply(message)` is called in the engine's thread, and
    must not raise.
    """

    def __init__(
        self,
        send: Callable[[Message, list[bytes]], None],
        reply: Callable[[Message], Awaitable[Reply]],
    ) -> None:
        self._send = send
        self._reply = reply
        self._lock = threading.Lock()  # messages may come in threads of the host's
        self._ids: deque[str] = deque(maxlen=_REMEMBERED_IDS)
        self._late: deque[Reply] = deque(maxlen=_REMEMBERED_REPLIES)

    def receive(self, message: Message) -> None:
        """Answers `message`. The host calls it, in its handler of messages."""
        id = message.get("id") if isinstance(message, dict) else None
        if not isinstance(id, str):
            return
        with self._lock:
            if id in self._ids:
                return
            self._ids.append(id)
        answered = engine().submit(lambda: self._answered(id, message))
        try:
            wait_for_futures([answered], _MOMENT)
        finally:  # also when the person interrupts the kernel just now
            if answered.done():
                self._send(*answered.result())
            else:
                answered.add_done_callback(self._send_late)
        if message.get("kind") == "hello":
            while self._late:
                self._send(*self._late.popleft())

    async def _answered(self, id: str, message: Message) -> Reply:
        content, buffers = await self._reply(message)
        return {**content, "id": id}, buffers

    def _send_late(self, answered: Future[Any]) -> None:
        content, buffers = answered.result()
        self._send(content, buffers)
        if not buffers:  # a chunk would be asked for again
            self._late.append((content, buffers))
