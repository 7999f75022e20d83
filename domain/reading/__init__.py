"""Reading definition files: YAML text to values, and every problem with its file and line."""
