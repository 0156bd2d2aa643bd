"""Is this file good enough for what it is being sent for?"""
