"""What the person sees: one screen, one file; model on top, component below."""
