"""What the product decides: pure functions over values, without clock, file or network."""
