"""The operations, a module for each topic: parameters in, rules asked, document out.

Every function takes a :class:`~pulumi_ci_audio.emulator.call.Call` and returns an answer, or raises what the client is
told. Which request reaches which function is told by ``routes.py``. Element names and their order follow the pages.
"""
