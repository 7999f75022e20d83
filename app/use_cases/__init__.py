"""One module per noun. Each function loads, asks `domain`, and saves in one transaction."""
