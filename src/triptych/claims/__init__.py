"""What the decks claim, and how each claim is put to the test."""
