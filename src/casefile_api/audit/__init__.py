"""Reading, searching, proving, exporting and verifying the log of who saw and did what."""
