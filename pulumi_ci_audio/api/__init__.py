"""The CI HTTP API as Python. Knows no engine and no resource: requests out, typed answers or typed errors back."""
