"""A folder of recordings, each with a current result, by batches that run exactly once.

- ``models``: the inputs and the state.
- ``naming``: the name of a batch says whose it is and what it was asked for. Pure.
- ``survey``: which recordings have no current result.
- ``lookup``, ``submit``, ``follow``: the way of one batch, in this order. ``failures``: what it left undone.
- ``settle``: all of it, until every recording has a result.
- ``lifecycle``: ``NoiseReductionBatch`` on top of them.
"""
