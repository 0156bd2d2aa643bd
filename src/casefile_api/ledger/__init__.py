"""The append-only log that every request writes: entries, their Merkle tree, checkpoints, and events."""
