"""Was the marked defect really put right? Two photos are registered and compared inside the region.

`check.check(before, after, box)` runs all steps; `domain.rectification` decides about the result.
"""
