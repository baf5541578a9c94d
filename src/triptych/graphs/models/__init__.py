"""Files here are models: one file, one class `Entry`."""
