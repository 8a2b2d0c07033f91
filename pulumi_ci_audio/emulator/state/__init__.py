"""What the service remembers: records in memory, objects as files, the clock, identifiers. No rules here."""
