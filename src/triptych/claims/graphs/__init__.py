"""One file a claim: `CLAIMS` lists what it asks of the records or of an oracle."""
