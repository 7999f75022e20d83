"""One file per device or library; only `app.wiring` chooses among them."""
