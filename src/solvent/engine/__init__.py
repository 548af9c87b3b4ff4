"""The machine around the machine: journal, snapshots, replay and explanation."""
