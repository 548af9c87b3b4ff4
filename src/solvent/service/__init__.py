"""The edge: one process that runs the machine beside a venue, and what people and programs see of it."""
