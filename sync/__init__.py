"""Bring the device and the server to the same records."""
