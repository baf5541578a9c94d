"""Panel two: graph neural networks."""
