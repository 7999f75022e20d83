"""Capture and look at evidence: pictures, codes, labels, positions, signatures."""
