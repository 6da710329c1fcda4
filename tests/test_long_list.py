"""Hundreds of jobs in a real JupyterLab: they page, hide nothing that is unfinished, and outlast a reload."""

from __future__ import annotations

import re

from fault_server import KEY, FaultServer
from lab import Lab
from playwright.sync_api import expect
from videos import small_mp4

MANY = """
from runcrate_widget import VideoClient, VideoWidget
w = VideoWidget(client=VideoClient(max_concurrent=1), prompt='A fox', takes=8)
for _ in range(38): w.generate()
for job in w.jobs[1:]: job.cancel()
# Told before anybody looks: what ends while one looks stays where it stands.
from runcrate_widget.jobs.loop import engine
engine().run(w._feed.update)
w"""


def test_three_hundred_jobs_page_and_come_again_after_a_reload(lab: Lab) -> None:
    with FaultServer(video=small_mp4(2, 160, 90), polls=10**6) as server:
        environment = {"RUNCRATE_API_KEY": KEY, "RUNCRATE_BASE_URL": server.url}
        notebook = lab.open("long/long.ipynb", [MANY, "w.takes = 1; w.generate()"], env=environment)
        notebook.run(0, timeout=120)
        shown = notebook.output(0).locator(".runcrate-widget")
        rows = shown.locator("[data-key]")
        running = shown.locator(".rw-processing")
        more = shown.get_by_role("button", name="more of")

        # The newest page, and the one job that has not ended: the oldest of all.
        expect(running).to_have_count(1, timeout=60_000)
        expect(rows).to_have_count(21, timeout=30_000)
        expect(rows.last).to_have_class(re.compile("rw-processing"))
        expect(more).to_have_text("Show 20 more of 283")
        for count in (41, 61):
            more.scroll_into_view_if_needed()
            expect(rows).to_have_count(count)

        # One more stands where it belongs, at the top, and nothing else is touched.
        rows.nth(5).evaluate("row => { row.mark = 'same' }")
        notebook.run(1)
        expect(rows.first.locator(".rw-stage")).to_contain_text("waiting")
        assert rows.nth(6).evaluate("row => row.mark") == "same"

        notebook.save()
        lab.page.reload()
        notebook.wait_ready()
        expect(running).to_have_count(1, timeout=60_000)
        expect(rows).to_have_count(21)
        expect(rows.first.locator(".rw-stage")).to_contain_text("waiting")
        for id in server.jobs:
            server.jobs[id] = 0
        server.polls = 0
        expect(shown.locator("video")).to_have_count(2, timeout=60_000)
        expect(rows).to_have_count(21)
