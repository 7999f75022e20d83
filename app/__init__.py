"""What the application does, without widgets: load, ask `domain`, save in one transaction."""
