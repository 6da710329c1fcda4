"""A notebook of test_carry.py that carries nothing: it asks for some videos, and tells what becomes of them.

python carry_child.py '{"url": …, "library": …, "prompts": ["A fox"], "owner": "ann"}'
"""

from __future__ import annotations

import json
import os
import sys


def tell(**what: object) -> None:
    """One write."""
    os.write(1, json.dumps(what).encode() + b"\n")


def main() -> None:
    plan = json.loads(sys.argv[1])
    from runcrate_widget import VideoClient, errors
    from runcrate_widget.jobs import onlooking

    onlooking.LOOK_EVERY = 0.05
    client = VideoClient(base_url=plan["url"], library=plan["library"], carry=False, owner=plan["owner"])
    batch = client.generate_many(plan["prompts"], model="Veo 3.0")
    jobs = list(batch)
    tell(asked=len(jobs))
    for job in jobs:
        try:
            file = job.wait(plan.get("timeout", 120)).path.name
        except errors.JobError as error:
            tell(prompt=job.request.prompt, end=type(error).__name__, said=str(error), id=job.id)
        else:
            tell(prompt=job.request.prompt, end="video", file=file, id=job.id)


if __name__ == "__main__":
    main()
