"""What the person sees: one screen, one file; model on top where there is state, component below."""
