"""How an engine reaches a lifecycle. Values are parsed once and dumped once, here.

- ``dynamic``: Pulumi's dynamic providers, one frozen class per type; ``dynamic_host``: what their host hides from them.
- ``plugin``: the resource plugin, ``schema``: what it says of itself, ``configuration``: what a program says to it.
- ``composition``: from settings to the context of an operation; ``identity``: the check of inputs by URN.
- ``engine``, ``engine_call``: the engine, and the call that is answered now.
- ``conversion``, ``wire``: the engine's values as plain values, and back, for either provider.
"""
