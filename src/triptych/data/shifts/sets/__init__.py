"""Shifted test sets, one file each, found by name; see :mod:`..registry`."""
