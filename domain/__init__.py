"""What the product decides: pure functions over values. No clock, file, network, thread or widget."""
