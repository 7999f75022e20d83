"""Reports to print: a hazard or an inspection as PDF, from a device's store or the server's."""
