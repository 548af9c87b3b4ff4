"""Cases: what a venue says its rules give, put to the ground that gives it. One file per venue."""
