"""How an engine reaches a lifecycle. ``dynamic`` is Pulumi's dynamic providers, ``host`` the few private hooks."""
