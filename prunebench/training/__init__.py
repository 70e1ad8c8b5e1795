"""Training: one loop, data as recipe, resumable at every epoch."""
