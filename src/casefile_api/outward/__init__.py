"""Reaching out to addresses that others gave us, without being led inside: webhooks, and clients' published keys."""
