"""What a resource means, whatever engine drives it: check, diff, create, read, update, delete. No Pulumi, no HTTP.

- ``types``: what every lifecycle takes and returns, and :class:`~pulumi_ci_audio.lifecycle.types.Lifecycle` itself.
- ``errors``: how an operation fails, and what its text advises.
- ``models``, ``validators``: one model per kind becomes validation, defaults, diff rules and reference tables.
- ``memory``, ``journal``: what a process and a machine remember.
- ``binding`` with ``blockers`` (what stands in the way of switching off), ``template``, and the package ``job``.
"""
