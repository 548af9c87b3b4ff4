"""Statistics beside the simulation: tails, passage times, coverage tests, fund sizes, impact."""
