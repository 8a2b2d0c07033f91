"""The operations, a module for each topic: parameters in, rules asked, document out.

Every function takes a :class:`~pulumi_ci_audio.emulator.operations.call.Call` and returns a response, or raises what
the client is told. They bear the names of the API's own operations. ``routes.py`` says which request reaches which
function. Element names and their order follow the pages.
"""
