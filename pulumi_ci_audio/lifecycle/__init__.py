"""What a resource means, whatever engine drives it: check, diff, create, read, update, delete. No Pulumi, no HTTP.

``protocol`` holds the vocabulary; ``fields`` turns one pydantic model per kind into validation, defaults, diff rules
and reference tables; ``process`` is what one process remembers. On these stand the kinds: ``bucket`` (with
``blockers``, what stands in the way of switching off), ``template``, and ``job`` (with ``exactly_once``).
"""
