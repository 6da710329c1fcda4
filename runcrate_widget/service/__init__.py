"""The service: its calls, the key, what it allows."""
