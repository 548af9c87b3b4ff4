"""Worlds: thousands of possible days played through the ordinary machine, and what they cost."""
