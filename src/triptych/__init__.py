"""Triptych: generative models, graph neural networks and uncertainty under shift, measured."""

__version__ = "0.1.0"
