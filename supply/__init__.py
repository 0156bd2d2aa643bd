"""What the service is delivered with: its bill of materials, and the checks on where it came from."""
