"""The front door: commands for people and scripts. Each imports what it needs when it runs, so that help is quick."""
