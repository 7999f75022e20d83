"""Was this photo used before? A sieve of small hashes, then a fit of local features.

`marks.mark` says what an index keeps of a photo, `index.Index` finds candidates among hundreds of
thousands, `fit.compare` tells a copy from another photo of the same place; `domain.reuse` decides.
"""
