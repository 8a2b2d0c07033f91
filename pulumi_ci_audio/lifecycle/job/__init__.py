"""Jobs on a recording, each run exactly once for every change.

- ``models``: the inputs and the state that all kinds of jobs have. ``spec``: what a kind adds.
- ``idempotency``: whose a job is, and what to do about the jobs that are there. Pure.
- ``submission``, ``lookup``, ``submit``, ``follow``: the way of one job, in this order.
- ``audio_job``: the lifecycle on top of them. ``noise_reduction``: the one kind there is.
"""
