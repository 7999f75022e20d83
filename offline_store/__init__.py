"""The store of device and server: SQLite through SQLModel; rows stay in, domain types go out."""
