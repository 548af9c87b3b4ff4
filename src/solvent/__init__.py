"""Solvent: default risk management for perpetuals venues, one deterministic machine from price to last tranche."""

__version__ = "0.1.0"
