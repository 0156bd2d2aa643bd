"""Looking inside files: are they whole, locked, or built to break whoever opens them? One module per family."""
