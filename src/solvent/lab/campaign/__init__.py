"""Campaigns: many worlds, every command checked, what was met counted, what was found made as short as it can be."""

from solvent.lab.campaign.run import Campaign, run_campaign

__all__ = ["Campaign", "run_campaign"]
