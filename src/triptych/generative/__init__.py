"""Panel one: generative models."""
