"""What developers run: the demo, the comparison, recordings, the reference, and the Pulumi engine they need."""
