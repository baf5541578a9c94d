"""Kinds of corruption, one file each, found by name; see :mod:`..registry`."""
