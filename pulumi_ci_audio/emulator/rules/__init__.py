"""What the service does: rules that change and look at the state. No HTTP here."""
