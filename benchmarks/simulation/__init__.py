"""A plant of many devices and one server on a clock that nobody waits for, decided by a seed."""
