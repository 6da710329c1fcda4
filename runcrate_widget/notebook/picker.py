"""The model picker is told when a model was marked as gone."""

from __future__ import annotations

import weakref
from collections.abc import Callable

from runcrate_widget.catalog import models
from runcrate_widget.jobs.loop import engine


def follow_models(changed: Callable[[], None]) -> Callable[[], None]:
    """Has a widget's method called in the engine's thread when a model was marked; returns what ends that. It
    keeps no widget alive."""
    method = weakref.WeakMethod(changed)

    def tell() -> None:
        if (call := method()) is not None:
            engine().call(call)
        else:
            unsubscribe()

    unsubscribe = models.subscribe(tell)
    return unsubscribe
