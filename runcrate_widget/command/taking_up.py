"""`resume`, `get` and `settle`: jobs that were begun before. Nothing of that costs, but `settle --resend`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runcrate_widget.errors import InvalidRequestError, MissingKeyError, NotFoundError, RuncrateError
from runcrate_widget.format import videos

from . import codes
from .clients import client_of, how_to_resume
from .codes import Tally
from .files import Files
from .following import Interrupts, Shown, each, of_jobs
from .lines import job_object
from .words import clean, shown, told

if TYPE_CHECKING:
    from runcrate_widget.client import VideoClient
    from runcrate_widget.jobs.job import VideoJob

    from .out import Out


def resume(asked: Namespace, out: Out) -> int:
    """Goes on with all that the service has, and waits for it."""
    with client_of(asked, resume=True) as client:
        if client.library.store.exists() and client.api_key is None:
            raise MissingKeyError
        jobs = client.unfinished()
        waiting = client.library.filter(status="waiting", hidden=None)
        left = sum(one.handed_over is not None for one in waiting)
        if left:
            out.say(f"Left to a carrier, which `runcrate-widget carry` is: {videos(left)}.")
        if unsent := len(waiting) - left:
            what = f"Not sent yet, and not by this: {videos(unsent)}."
            out.say(f"{what} Where nobody is at work on that any more, run what asked for it again.")
        if not jobs:
            out.say("Nothing is unfinished.")
        return _follow(asked, out, client, jobs, Files(None, force=False, count=len(jobs)))


def get(asked: Namespace, out: Out) -> int:
    """Fetches videos by their ids, also those that another program asked for."""
    ids = list(dict.fromkeys(asked.id))
    with client_of(asked) as client:
        files = Files(asked.output, force=asked.force, count=len(ids), library=client.library.folder)
        found, errors = _found(client, ids, out)
        for at, job in found.items():
            files.check(at, job.video.path if job.video else None)
        jobs = list(found.values())
        return _follow(asked, out, client, jobs, files, places=list(found), errors=errors)


def _found(client: VideoClient, ids: Sequence[str], out: Out) -> tuple[dict[int, VideoJob], list[int]]:
    """The jobs of these ids, and the exit codes of those that are none."""
    found: dict[int, VideoJob] = {}
    errors: list[int] = []
    for at, id in enumerate(ids):
        try:
            record = client.library.find(id)
            if record is not None and record.status == "waiting":
                hint = "`runcrate-widget jobs` says what it waits for."
                raise InvalidRequestError("id", f"{id} is not sent yet.", hint)
            if record is not None and record.id is None:
                message = f"{id} is {record.status}, and the service gave it no id."
                raise InvalidRequestError("id", message, "See `runcrate-widget settle`.")
            found[at] = client.job(record.id if record is not None and record.id else id)
        except RuncrateError as error:
            code = codes.code_of(error)
            if len(ids) == 1:
                raise
            errors.append(code)
            out.error(error, code)
    return found, errors


def settle(asked: Namespace, out: Out) -> int:
    """Says what is to become of a job whose answer was lost."""
    with client_of(asked) as client:
        record = client.library.find(asked.key)
        if record is None:
            raise NotFoundError(
                f"The library has no job {asked.key}.", "See `runcrate-widget jobs`.", status=404
            )
        job = client._look_up(record)
        if asked.give_up:
            job.cancel()
            out.text(f"{job.key} is given up.")
            out.object(job_object(job))
            return codes.ALL
        if client.api_key is None:
            raise MissingKeyError
        if asked.resend:
            job = job.resubmit()
        else:
            job.adopt(asked.id)
        return _follow(asked, out, client, [job], Files(None, force=False, count=1))


def _follow(
    asked: Namespace,
    out: Out,
    client: VideoClient,
    jobs: Sequence[VideoJob],
    files: Files,
    places: Sequence[int] | None = None,
    errors: Sequence[int] = (),
) -> int:
    """Waits for jobs, tells of each, and gives the exit code; `errors` are those of what is no job."""
    tally = Tally(failed=len(errors))
    place = dict(zip(jobs, places or range(len(jobs)), strict=True))
    there = {job for job in jobs if job.video is not None}
    jobs = list(place)  # an id and a key may name the same
    left = list(jobs)
    with Interrupts() as interrupts:
        out.began = True
        show = Shown(out, tally, len(jobs), only=lambda: jobs[0])
        for job in each(of_jobs(jobs), interrupts, show):
            left.remove(job)
            tally.note(job, reused=job in there)
            _tell(out, tally, job, files, place[job], several=len(jobs) > 1, reused=job in there)
        out.clear()
        if interrupts.number is not None:
            client.close()
            for job in left:
                tally.note(job)
                out.object(job_object(job))
        code = tally.code if interrupts.number is None else interrupts.code
        if errors and not place:
            code = max(errors)
    if interrupts.number is not None or len(jobs) > 1:
        out.say(clean(f"{'Interrupted: ' if interrupts.number is not None else ''}{tally}."))
    if tally.unfinished:
        out.say(how_to_resume(asked, client, tally.unfinished))
    out.object({"type": "summary", **tally.fields(), "code": code})
    return code


def _tell(
    out: Out, tally: Tally, job: VideoJob, files: Files, at: int, *, several: bool, reused: bool
) -> None:
    output = None
    if job.video is not None:
        try:
            output = files.put(at, job.video.path)
        except OSError as error:
            tally.not_written += 1
            why = f"-o cannot be written: {error.strerror or error}."
            hint = f"The library has it: {job.video.path}"
            out.error(RuncrateError(f"{job.id}: {why}", hint, kind="storage"), codes.SOME)
        out.text(shown(output or job.video.path))
    elif job.error is not None:
        which = f"{job.id or job.key} " if several else ""
        out.say(f"{which}{job.status}: {told(job.error, job.key)}")
    out.object(job_object(job, output=output, reused=reused))
