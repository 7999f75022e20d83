"""The reference server: takes what devices send, decides once, and gives it on to the others."""
