"""`JobWidget`: one job as an output shows it whose video is in a bucket. The page asks for a URL that holds
for an hour, or pulls the bytes; what stays in the notebook is the poster and the place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runcrate_widget.client import VideoClient, clients_of
from runcrate_widget.errors import RuncrateError
from runcrate_widget.library.shelf import Shelf

from .output_widget import OutputWidget, SavedBundle
from .runtime import runtime_ref

if TYPE_CHECKING:
    from runcrate_widget.jobs.job import VideoJob
    from runcrate_widget.library.cloud.video import CloudVideo


class JobWidget(OutputWidget):
    """A job while it is made, and then its video."""

    def __init__(self, job: VideoJob, client: VideoClient) -> None:
        super().__init__(client=client)
        self._shown = job
        # As of a library in which there is nothing else: nothing is read for it.
        self._alone = self._wall.only = Shelf(lambda: None, lambda: [job.record])
        self._outlives = SavedBundle(self.model_id, job._repr_mimebundle_)
        self._leave(self._outlives)
        self._when_closed.callback(job.subscribe(self._moved))
        self._add(job)

    def _moved(self) -> None:
        self._alone.note(self._shown.record)
        self._outlives.update()

    def __repr__(self) -> str:
        return f"<JobWidget {self._shown!r}>"


def display_job(job: VideoJob) -> bool:
    """Shows it in the output of the cell that runs. Returns False where that cannot be: outside of a kernel
    that has widgets, without a client, and of a job that has ended without a video."""
    clients = clients_of(job.record.folder, job.record.service)
    if not clients or (job.done and job.video is None) or runtime_ref() is None:
        return False
    JobWidget(job, clients[0])._ipython_display_()
    return True


def display_video(video: CloudVideo) -> bool:
    """Shows the job of this video, as above."""
    for client in clients_of(video._store.folder) if runtime_ref() else []:
        try:
            record = client.library._read(video._name)
            job = client._manager.look_up(record) if record else None
        except RuncrateError:  # it cannot be reached
            continue
        if job is not None and job.video is not None:
            return display_job(job)
    return False
