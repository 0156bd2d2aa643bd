"""How the joint work is going: figures for those who run it and for those who inspect it."""
