"""Cover across protocols: what each owes the others, who can pay after a shock, and what a common fund changes."""
