"""Panel three: uncertainty under shift."""
