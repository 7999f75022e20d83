"""Numbered steps that bring a database to the newest tables; each runs once, in order."""
