"""Early advice: what the police ask of the CPS before a charge, and how the CPS answers."""
