"""Pictures of the report, one idea a file; found by name (see ``report/figure.py``)."""
