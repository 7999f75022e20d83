"""What we are measured against: each at most 60 lines, importing nothing of ours."""
