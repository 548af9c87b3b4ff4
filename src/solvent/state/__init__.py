"""What is true now: tables of integers, the ledger that moves money between them, and their laws."""
