"""Forces, CPS Areas, units and staff, and the reference lists that all of them share."""
