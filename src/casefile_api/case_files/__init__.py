"""The case file and its numbered, immutable versions."""
