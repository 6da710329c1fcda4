"""A library in an object store (S3 and what speaks it, Google Cloud Storage, Azure): the second `Store`.

    s3://bucket/team/
      records/a-cinematic-sunrise-3f9c2a71.json   what was asked for, the stage (record.py), as in a folder
      videos/a-cinematic-sunrise-3f9c2a71.mp4     the video, once it is a whole one
      posters/a-cinematic-sunrise-3f9c2a71.jpg    its poster
      leases/a-cinematic-sunrise-3f9c2a71         which process carries the job, gone afterwards
      alive/0f3a…                                 of a process that carries any, renewed while it lives
      damaged/…  bin/…  pictures/…                as in a folder
      kept/prices.txt  lines/arena.jsonl          what is no job's
      index.json.gz                               all records in one, to begin with; never trusted

Nothing is locked there, and no clock is believed. What holds: of two who create an object only one does, and
who replaces one says which state of it, and is refused when it is another by then (promises.py has every
store show that before it is used). So a record is only ever replaced in the state that its writer knows, and
the right to *send* is the step from `waiting` to `submitting`, which one writer alone can make.
"""
