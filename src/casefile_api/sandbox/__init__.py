"""What a sandbox begins with: forces, CPS Areas, oversight, their staff and systems. All are invented."""
