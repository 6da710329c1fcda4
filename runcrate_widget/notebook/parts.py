"""What a widget is made of. Loaded with the first widget, and not with its class: importing that is quick."""

from __future__ import annotations

from runcrate_widget.client import VideoClient as VideoClient

from .conversation import Conversation as Conversation
from .delivery import Push as Push
from .earlier import Earlier as Earlier
from .feed import Feed as Feed
from .host import server_root as server_root
from .live import Saved as Saved
from .money import Remainder as Remainder
from .picker import follow_models as follow_models
from .pictures import GivenPictures as GivenPictures
from .runtime import runtime_ref as runtime_ref
from .runtime import source as source
from .sets import Once as Once
from .state_messages import Message
from .wall import Wall as Wall


def load_rest(client: VideoClient) -> None:
    """Loads what answers a view, and what sends: a form that is only seen needs neither. Not in the engine's
    thread, which imports nothing: an interrupt of another thread that meets an import there may leave both
    waiting for ever."""
    from . import handlers  # noqa: F401

    _ = client._manager


def hear(conversation: Conversation, content: Message, client: VideoClient) -> None:
    """A view has said this: answers it. In the host's thread."""
    load_rest(client)
    conversation.receive(content)
