"""Advisors: models that read the world and suggest; what they say becomes integers before it binds."""
