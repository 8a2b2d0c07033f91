"""How an engine reaches a lifecycle. Values are parsed once and dumped once, here.

- ``dynamic``: Pulumi's dynamic providers, one frozen class per type.
- ``engine_call``: the guarded private hooks of the dynamic host.
- ``composition``: from settings to the context of an operation.
- ``conversion``: the engine's values as plain values, and back.
"""
