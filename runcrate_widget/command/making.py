"""`generate` and `batch`: what makes videos, and may cost."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runcrate_widget.errors import InvalidRequestError, MissingKeyError, RuncrateError
from runcrate_widget.format import about, videos
from runcrate_widget.jobs.maker import ClientMaker
from runcrate_widget.jobs.planning import unnumbered
from runcrate_widget.library.record import now
from runcrate_widget.request import VideoRequest
from runcrate_widget.typed import several, together

from . import codes
from .clients import client_of, how_to_resume
from .codes import Tally
from .files import Files
from .following import Interrupts, Shown, each, in_batch
from .lines import job_object, plan_object, unsent_object
from .rows import Rows, read_rows
from .words import clean, shown, told

if TYPE_CHECKING:
    from runcrate_widget.client import VideoClient
    from runcrate_widget.jobs.batch import Batch
    from runcrate_widget.jobs.job import VideoJob
    from runcrate_widget.jobs.leaving import Leaving
    from runcrate_widget.jobs.plan import Cell, Plan
    from runcrate_widget.library.record import Record

    from .out import Out

_SEVERAL = ("model", "duration", "aspect_ratio")
_MOST_PROBLEMS = 20  # that are shown to a person before it is asked


def generate(asked: Namespace, out: Out) -> int:
    """Makes the videos of one prompt, and waits for them."""
    with client_of(asked) as client:
        extra = together(asked.extra)
        row = {"prompt": asked.prompt, "image": asked.image, "extra": extra, "take": asked.take}
        try:
            plan = client.plan([row], takes=asked.takes, **_several(asked))
        except InvalidRequestError as error:
            raise unnumbered(error) from None
        for cell in plan.problems:
            raise _without_row(cell)
        files = Files(asked.output, force=asked.force, count=len(plan), library=client.library.folder)
        for at, cell in enumerate(plan.cells):
            files.check(at, _known(client, cell))
        _check(client, plan)
        return _Making(asked, out, client, plan, files, rows=None).all()


def batch(asked: Namespace, out: Out) -> int:
    """Makes the videos of a file, once its plan was seen and agreed to."""
    rows = read_rows(asked.file)
    _check_columns(asked, rows)
    with client_of(asked) as client:
        plan = client.plan(rows.rows, takes=asked.takes, **_several(asked))
        _check_alike(plan, rows)
        place = client.library.folder
        files = Files(asked.output, force=asked.force, count=len(plan), library=place, folder=True)
        _show_plan(plan, rows, client, out)
        if not plan.requests:
            return codes.WRONG
        if asked.dry_run:
            return codes.SOME if _refused(plan, rows) else codes.ALL
        _check(client, plan)
        if plan.new and not client.demo and not asked.yes and not _agreed(plan, asked, out):
            return codes.NONE
        return _Making(asked, out, client, plan, files, rows).all()


def _several(asked: Namespace) -> dict[str, Any]:
    """What was given once is the same for all; what was given more often is tried each way."""
    return several({name: getattr(asked, name) for name in _SEVERAL})


def _check_columns(asked: Namespace, rows: Rows) -> None:
    """Raises InvalidRequestError where the options do not go with the columns: that is one mistake, and not
    one of each row."""
    for name in _SEVERAL:
        option = f"--{name.replace('_', '-')}"
        if len(set(getattr(asked, name) or ())) > 1 and any(name in row for row in rows.rows):
            message = f"{option} is given more than once, and {rows.name} has values of its own in {name!r}."
            raise InvalidRequestError(name, message, f"Give {option} once, or leave that column out.")
    if not asked.model and rows.rows and not any("model" in row for row in rows.rows):
        hint = "Give --model \"Veo 3.0\", say, or a column 'model'; `runcrate-widget models` lists them."
        raise InvalidRequestError("model", f"No model is given, and {rows.name} names none.", hint)


def _check_alike(plan: Plan, rows: Rows) -> None:
    """Raises what is wrong with every row alike: that is said once."""
    errors = {str(_without_row(cell)): _without_row(cell) for cell in plan.problems}
    if len(errors) == 1 and len(rows.rows) > 1 and not plan.requests and not rows.problems:
        (error,) = errors.values()
        message = f"{rows.name}, every line: {error.message}"
        raise InvalidRequestError(error.field, message, error.hint)


def _check(client: VideoClient, plan: Plan) -> None:
    """Raises what would stop it at once, before anything is sent."""
    if client.carry and client.api_key is None:
        raise MissingKeyError
    if (over := plan.over_limit) is not None:
        raise over


def _known(client: VideoClient, cell: Cell) -> Path | None:
    """The video of a cell, if the library has it."""
    if cell.request is None:
        return None
    record = client.library.current(cell.request, cell.take, client._service)
    done = record is not None and record.status == "completed"
    return client.library.store.bring(record.name) if record is not None and done else None


def _without_row(cell: Cell) -> InvalidRequestError:
    """What is wrong with a cell, without the number that the plan gives its row."""
    assert cell.error is not None
    return unnumbered(cell.error)


def _refused(plan: Plan, rows: Rows) -> int:
    return len(rows.problems) + len(plan.problems)


def _show_plan(plan: Plan, rows: Rows, client: VideoClient, out: Out) -> None:
    """What would be made, what it costs, and what is wrong with which line."""
    refused = _refused(plan, rows)
    out.object(plan_object(plan, refused))
    new, seconds, cost, time = len(plan.new), plan.seconds, plan.cost, plan.time
    length = "of a length that the model decides" if seconds is None else f"{seconds:,} s of video"
    facts = [("to make", f"{videos(new)}, {length}" if new else "nothing")]
    facts += [("there already", videos(plan.known))] if plan.known else []
    if new:
        unknown = 'not known: no price is public; --price "Veo 3.0=0.40" gives one (dollars a second)'
        money = "nothing: it is the demo backend" if client.demo else unknown
        facts.append(("cost", money if client.demo or cost is None else f"${cost:,.2f}"))
        facts += [("takes", f"about {about(time)}")] if time is not None else []
    # A row that stands for several videos may be wrong in the same way for each.
    wrong = [*rows.problems, *((rows.lines[cell.row], _without_row(cell)) for cell in plan.problems)]
    count = len({line for line, _ in wrong})
    lines = f"{count:,} line{'' if count == 1 else 's'}"
    what = lines if len(rows.rows) == len(plan) else f"{videos(refused)} of {lines}"
    facts += [("cannot be sent", what)] if refused else []
    own = clean(", ".join(plan.not_sent))
    facts += [("your columns", f"{own}: not sent, and in the lines of --json")] if own else []
    for name, said in facts:
        out.say(f"{name:<15}{said}")
    once = {(line, told(error)): (line, error) for line, error in wrong}
    wrong = sorted(once.values(), key=lambda one: one[0])
    for number, (line, error) in enumerate(wrong):
        if number < _MOST_PROBLEMS or out.json:
            out.error(error, codes.WRONG, file=rows.name, line=line)
        elif number == _MOST_PROBLEMS:
            out.say(f"and {len(wrong) - number:,} more")


def _agreed(plan: Plan, asked: Namespace, out: Out) -> bool:
    """Whether a person says yes. Raises InvalidRequestError where there is none to ask."""
    stdin, stderr = sys.stdin, sys.stderr
    if asked.file == "-" or stdin is None or stderr is None or not (stdin.isatty() and stderr.isatty()):
        what = "sent" if asked.carry else "left to a carrier"
        message = f"{videos(len(plan.new))} would be {what}, and there is no terminal on which to ask."
        raise InvalidRequestError("yes", message, "Give --yes, or --dry-run to see the plan alone.")
    verb, whom = ("Send", "") if asked.carry else ("Leave", " to a carrier")
    stderr.write(f"{verb} {videos(len(plan.new))}{whom}? [y/N] ")
    stderr.flush()
    answer = stdin.readline().strip().casefold()
    if answer in ("y", "yes"):
        return True
    out.say("Nothing was sent." if asked.carry else "Nothing was written down.")
    return False


class _Making:
    """A plan that is run: each of its videos is told of when it is done, and put where it was asked for."""

    def __init__(
        self, asked: Namespace, out: Out, client: VideoClient, plan: Plan, files: Files, rows: Rows | None
    ) -> None:
        self._asked, self._out, self._client = asked, out, client
        self._plan, self._files, self._rows = plan, files, rows
        self._tally = Tally(refused=_refused(plan, rows) if rows else 0)
        # Two rows may ask for the same: then they have one job.
        self._places: dict[tuple[VideoRequest, int], deque[int]] = defaultdict(deque)
        for at, cell in enumerate(plan.cells):
            if cell.request is not None:
                self._places[cell.request, cell.take].append(at)
        self._open = {at for at, cell in enumerate(plan.cells) if cell.request is not None}

        self._began = now()

    def all(self) -> int:
        """Sends them, or leaves them to a carrier; gives the exit code."""
        leaving = ClientMaker(self._client).leaving
        return self._send() if leaving is None else self._leave(leaving)

    def _leave(self, leaving: Leaving) -> int:
        """Has what is new written down, for a carrier to send; gives what is there."""
        out, tally, count = self._out, self._tally, len(self._open)
        with Interrupts() as interrupts:
            out.began = True
            try:
                for request, _ in self._places:
                    self._client._check_request(request)
                for some in leaving.leave_all(list(self._places)):
                    for take, one in some:
                        self._left(leaving, self._places[take], one)
                    out.progress(f"{count - len(self._open):,} of {count:,} are written down")
                    if interrupts.number is not None:
                        break
            except RuncrateError as error:
                out.error(error, codes.code_of(error))
            out.clear()
            tally.not_sent = len(self._open)
            code = tally.code if interrupts.number is None else interrupts.code
        out.say(clean(f"{tally}."))
        if tally.left:
            out.say("`runcrate-widget jobs` says what becomes of them; the same again gives what is made.")
        out.object({"type": "summary", **tally.fields(), "code": code})
        return code

    def _left(self, leaving: Leaving, places: Sequence[int], one: Record | RuncrateError) -> None:
        """What came of the take that is asked for at these places."""
        if isinstance(one, RuncrateError):
            rows, line = self._rows, self._line(places[0])
            about = {"file": rows.name, "line": line} if rows else {}
            self._out.error(one, codes.code_of(one), **about)
            return
        job = leaving.take_up(one)
        for at in places:
            if job.done:
                self._done(at, job)
                continue
            self._open.discard(at)
            self._tally.left += 1
            self._out.object(self._object(at, job))

    def _send(self) -> int:
        """Sends what is new, waits for all, and says what became of it."""
        with Interrupts() as interrupts:
            self._out.began = True
            batch = self._plan.run()
            total = len(self._open)
            shown = Shown(self._out, self._tally, total, only=self._only(batch), expected=self._plan.time)
            for job in each(in_batch(batch), interrupts, shown):
                self._done(self._places[job.request, job.take].popleft(), job)
            self._out.clear()
            if interrupts.number is not None:
                self._out.say("Interrupted: no more is sent. (Once more ends this at once.)")
                batch.cancel()
                self._client.close()
            self._rest(batch)
            code = self._tally.code if interrupts.number is None else interrupts.code
            self._end(batch, code, interrupted=interrupts.number is not None)
            return code

    def _only(self, batch: Batch) -> Callable[[], VideoJob | None]:
        """What gives the one job, where there is but one: beside it there may be rows that are wrong."""
        return lambda: next((job for *_, job in batch.look(len(self._plan)) if job is not None), None)

    def _object(self, at: int, job: VideoJob, output: Path | None = None) -> dict[str, Any]:
        own, reused = self._plan.cells[at].own, self._reused(job)
        return job_object(job, line=self._line(at), own=own, output=output, reused=reused)

    def _line(self, at: int) -> int | None:
        return self._rows.lines[self._plan.cells[at].row] if self._rows else None

    def _reused(self, job: VideoJob) -> bool:
        """Whether it was not this command that sent it. (`job.reused` is also said of a job that two rows of
        this very command ask for.)"""
        return (job.record.timeline.sent or job.record.created) < self._began

    def _done(self, at: int, job: VideoJob) -> None:
        """A job has ended."""
        self._open.discard(at)
        self._tally.note(job, reused=self._reused(job))
        output = None
        if job.video is not None:
            try:
                output = self._files.put(at, job.video.path)
            except OSError as error:
                self._not_written(at, job, error)
            self._out.text(shown(output or job.video.path))
        elif job.error is not None:
            self._out.say(f"{self._where(at)}{job.status}: {told(job.error, job.key)}")
        self._out.object(self._object(at, job, output))

    def _not_written(self, at: int, job: VideoJob, error: OSError) -> None:
        self._tally.not_written += 1
        message = f"{self._where(at)}It is made, and -o cannot be written: {error.strerror or error}."
        hint = f"The library has it: `runcrate-widget get {job.id} -o …`."
        self._out.error(RuncrateError(message, hint, kind="storage"), codes.SOME)

    def _where(self, at: int) -> str:
        """Which one it is, where there are several."""
        line, cell = self._line(at), self._plan.cells[at]
        if self._rows is not None:
            return f"{self._rows.name}, line {line}: "
        take = f", take {cell.take}" if cell.take > 1 else ""
        model = cell.request.model_name if cell.request else ""
        return f"{model}{take}: " if len(self._plan) > 1 else ""

    def _rest(self, batch: Batch) -> None:
        """What is not done: it was interrupted, or a limit stopped it."""
        if not self._open:
            return
        for at, (cell, status, job) in enumerate(batch.look(len(self._plan))):
            if at not in self._open:
                continue
            if job is None:
                self._tally.refused += status == "refused"
                self._tally.not_sent += status != "refused"
                self._out.object(unsent_object(cell, self._line(at)))
            elif job.video is not None:
                self._done(at, job)
            else:
                self._tally.note(job)
                self._out.object(self._object(at, job))

    def _end(self, batch: Batch, code: int, *, interrupted: bool) -> None:
        tally, out = self._tally, self._out
        shown = {cell.error for cell in self._plan.problems}
        for problem in (one for one in batch.problems if one not in shown):
            out.error(problem, codes.code_of(problem))
        if interrupted or len(self._plan) > 1 or self._rows:
            out.say(clean(f"{tally}."))
        if tally.unfinished:
            out.say(how_to_resume(self._asked, self._client, tally.unfinished))
        if interrupted and tally.not_sent:
            out.say(
                "What was not sent costs nothing. The same command again sends it, and pays nothing twice."
            )
        out.object({"type": "summary", **tally.fields(), "code": code})
