"""What only a sandbox has: a working time that can be moved forward."""
