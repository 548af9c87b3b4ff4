"""Measurements a person can repeat on their own computer: `solvent bench`."""
