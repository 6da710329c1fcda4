"""What the exit codes mean, and which one it is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runcrate_widget.errors import RuncrateError
    from runcrate_widget.jobs.job import VideoJob

ALL = 0  #: all made, or left to a carrier; a list that was asked for is shown
SOME = 1  #: some were made, some not
WRONG = 2  #: the arguments, or a setting, are wrong; nothing was sent
NONE = 3  #: nothing was made: refused (key, credits, limit), failed, not there
UNCONFIRMED = 4  #: it is not known whether the service took one: look in the dashboard
UNFINISHED = 5  #: the service has one, and asking for it was given up: `resume` goes on
INTERRUPTED = 130  #: by Ctrl+C (143: by SIGTERM); what was sent goes on at the service

MEANINGS = """\
exit codes:
  0    all made, shown, or left to a carrier
  1    some were made, some not
  2    wrong arguments or settings; nothing was sent
  3    nothing was made: refused (key, credits, limit), failed, or not there
  4    unconfirmed: it is not known whether the service took it; look in the dashboard
  5    the service has it, and asking for it was given up: `resume` goes on
  130  interrupted; what was sent goes on at the service
"""


def code_of(error: RuncrateError) -> int:
    """The exit code of a command that an error ended."""
    return WRONG if error.kind in ("input", "configuration") else NONE


@dataclass
class Tally:
    """What became of some jobs.

    Attributes:
        made: their videos are there, and were not before.
        reused: their videos were there, or asked for, already: nothing was sent.
        failed: they have ended without one.
        unconfirmed: the service may or may not have them.
        unfinished: the service has them, and nobody asks for them any more.
        not_sent: they were not sent, and cost nothing.
        refused: rows that cannot be sent as they are.
        not_written: made, and the copy that was asked for could not be written.
        left: left to a carrier, and not made yet.
    """

    made: int = 0
    reused: int = 0
    failed: int = 0
    unconfirmed: int = 0
    unfinished: int = 0
    not_sent: int = 0
    refused: int = 0
    not_written: int = 0
    left: int = 0

    def note(self, job: VideoJob, *, reused: bool = False) -> None:
        """Counts a job by where it is now; `reused`: whether it was asked for before."""
        status = job.status
        if job.video is not None and reused:
            self.reused += 1
        elif job.video is not None:
            self.made += 1
        elif status in ("waiting", "cancelled"):
            self.not_sent += 1
        elif status == "failed":
            self.failed += 1
        elif status == "unconfirmed" or job.id is None:
            self.unconfirmed += 1
        else:
            self.unfinished += 1

    @property
    def code(self) -> int:
        """The exit code: what a person has to look after comes first."""
        if self.unconfirmed:
            return UNCONFIRMED
        if self.unfinished:
            return UNFINISHED
        if not (self.failed or self.not_sent or self.refused or self.not_written):
            return ALL
        if self.made or self.reused or self.left:
            return SOME
        return NONE if self.failed or self.not_sent else WRONG

    def fields(self) -> dict[str, int]:
        """As JSON has it."""
        return asdict(self)

    def __str__(self) -> str:
        said = {
            "made": self.made,
            "there already": self.reused,
            "left to a carrier": self.left,
            "failed": self.failed,
            "unconfirmed": self.unconfirmed,
            "not finished": self.unfinished,
            "not sent": self.not_sent,
            "that cannot be sent": self.refused,
            "not written": self.not_written,
        }
        parts = [f"{count:,} {what}" for what, count in said.items() if count]
        if len(parts) == 1 and self.reused:
            parts.append("nothing made")
        return ", ".join(parts) or "nothing"
