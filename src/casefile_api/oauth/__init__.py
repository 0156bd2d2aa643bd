"""The authorisation server: tokens for registered systems and the staff they act for. The only home of Authlib."""
