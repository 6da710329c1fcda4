"""What a client does in bulk: `plan` and `generate_many`. `VideoClient` is made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runcrate_widget.catalog import Model
from runcrate_widget.errors import InvalidRequestError, SpendingLimitError
from runcrate_widget.request import VideoRequest

from .bounds import Bounds

if TYPE_CHECKING:
    from runcrate_widget.library.library import Library
    from runcrate_widget.media.video import Video
    from runcrate_widget.picture import PictureLike

    from .batch import Batch
    from .best import BestOf
    from .job import VideoJob
    from .manager import JobManager
    from .plan import Plan


def refuse_many(prompt: object, takes: object) -> None:
    """What `generate` is not for. Raises InvalidRequestError, which says what is."""
    if takes is not None:
        message = f"takes is {takes!r}, and generate() makes one video."
        hint = "take=2 asks for the second one; generate_many([prompt], takes=2) makes two."
        raise InvalidRequestError("takes", message, hint)
    if isinstance(prompt, (list, tuple, set, dict)):
        message = f"prompt is {len(prompt)} things, and generate() makes one video."
        raise InvalidRequestError("prompt", message, "generate_many([…]) makes many.")


class Many(Bounds):
    """The part of a client that is about many videos."""

    if TYPE_CHECKING:
        library: Library

        @property
        def _manager(self) -> JobManager: ...
        @property
        def _service(self) -> str: ...
        def _check_ready(self) -> None: ...  # raises ConfigurationError
        def _check_request(self, request: VideoRequest) -> None: ...
        def generate(self, prompt: VideoRequest, *, take: int | None = 1) -> VideoJob: ...

    def plan(
        self,
        prompts: Any,
        *,
        model: str | Model | None = None,
        models: Sequence[str | Model] | None = None,
        duration: int | None = None,
        durations: Sequence[int] | None = None,
        aspect_ratio: str | None = None,
        aspect_ratios: Sequence[str] | None = None,
        image: PictureLike | None = None,
        extra: Mapping[str, Any] | None = None,
        takes: int = 1,
        take: object = None,
    ) -> Plan:
        """What many videos would be, before any is sent: which, what of them the library has already, what
        the rest costs and about how long it takes. It is free; `plan.run()` does it.

        Args:
            prompts: a list of prompts, of `VideoRequest`s or of dictionaries of `generate`'s parameters; or a
                table (pandas, polars, pyarrow) with these as its columns, and `take`. Columns that are no
                parameter are not sent: they are your own, and in `to_frame()`.
            model, duration, aspect_ratio, image, extra: what is the same for all; a row's own wins.
            models, durations, aspect_ratios: lists: each prompt is made with each of them.
            takes: how many videos of each.

        Raises:
            InvalidRequestError: that is no list of prompts (but the name of a file, say), an argument is not
                allowed, or a prompt has `{a|b}`, which `runcrate_widget.expand` makes a list of. What is
                wrong with one row stops no other: it is in `plan.problems`.
            MissingExtraError: a table needs what is not installed.

        Example:
            >>> client.plan(["A fox", "An owl"], models=["Veo 3.0", "Kling v3"], takes=2)   # doctest: +SKIP
            <Plan 8 videos: 0 there already, 8 to make, 48 s of video, cost not known>
        """
        from .maker import ClientMaker
        from .planning import plan_of

        if take is not None:
            message = f"take is {take!r}, and of many each row has its own."
            hint = "takes=2 makes two of each; {'prompt': …, 'take': 2} as a row asks for the second one."
            raise InvalidRequestError("take", message, hint)
        alike = {"model": model, "duration": duration, "aspect_ratio": aspect_ratio}
        return plan_of(
            prompts,
            ClientMaker(self),
            takes=takes,
            alike={**alike, "image": image, "extra": extra},
            several={"models": models, "durations": durations, "aspect_ratios": aspect_ratios},
        )

    def generate_many(self, prompts: Any, **how: Any) -> Batch:
        """Makes many videos; the arguments are those of `plan`. Returns at once; with `carry=False` when all
        are on record, as `plan(…).run()` does.

        What the library has comes back and is free, so running a cell again, or after a kernel has died, goes
        on where it was. All of them, or none: to make as many as a limit allows, use `plan(…).run()`.

        Raises:
            InvalidRequestError: as `plan`; or none of the rows can be made.
            SpendingLimitError: all that is new would together go over a limit. Nothing is sent.
            LibraryError: with `carry=False`, not all could be written; it says how many were.
            MissingKeyError: there is no key.
            ConfigurationError: the client is closed.

        Example:
            >>> batch = client.generate_many(["A fox", "An owl"], model="Veo 3.0")   # doctest: +SKIP
            >>> batch.wait().videos                                                  # doctest: +SKIP
        """
        plan = self.plan(prompts, **how)
        self._check_ready()
        if (over := plan.over_limit) is not None:
            hint = f"{over.hint} (plan(…).run() makes as many as the limit allows.)"
            raise SpendingLimitError(over.message, hint)
        return plan.run()

    def best_of(
        self,
        prompt: str | VideoRequest,
        *,
        takes: int = 20,
        budget: float | None = None,
        score: Callable[[Video], float] | None = None,
        enough: float | None = None,
        at_a_time: int = 1,
        **how: Any,
    ) -> BestOf:
        """Makes takes of one prompt until one is kept or the budget is spent, and returns at once.

        Args:
            prompt: what the video shows, or a whole `VideoRequest`.
            takes: how many at most, of each model.
            budget: dollars for all of them, those that the library has already included. In the demo, where
                nothing is paid, what they would cost.
            score: a function of a `Video`, the higher the better; `runcrate_widget.scores` has some. If it
                raises, or gives no finite number, nothing more is sent: `stopped` says why.
            enough: the score at which one is kept, and no more are made.
            at_a_time: how many are under way at once: more are sooner done, and more may be too many.
            how: the other arguments of `plan`. Of `models` each has its takes, the first model first.

        Raises:
            InvalidRequestError: an argument is not allowed, or a price that `budget` needs is not known.
            MissingKeyError: there is no key.
            ConfigurationError: the client is closed.

        Example:
            >>> found = client.best_of("A fox", model="Veo 3.0", budget=15.0)   # doctest: +SKIP
            >>> found.wait().best                                               # doctest: +SKIP
        """
        from .best import BestOf
        from .maker import ClientMaker

        if not isinstance(prompt, (str, VideoRequest)):
            hint = "generate_many([…]) makes several prompts; or call best_of() for each."
            message = f"prompt is {prompt!r}, and best_of() takes one prompt."
            raise InvalidRequestError("prompt", message, hint)
        plan = self.plan([prompt], takes=takes, **how)
        for cell in plan.problems:
            if cell.error is not None:
                raise cell.error
        self._check_ready()
        return BestOf(plan, ClientMaker(self), budget=budget, score=score, enough=enough, at_a_time=at_a_time)

    def _generate_takes(self, requests: Sequence[VideoRequest], takes: int) -> Iterator[VideoJob]:
        """New takes of each request. Raises before the first if all of them go over a limit."""
        wanted = [request for request in requests for _ in range(takes)]
        self._manager.check_all(wanted)
        for request in wanted:
            yield self.generate(request, take=None)
