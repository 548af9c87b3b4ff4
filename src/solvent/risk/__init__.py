"""How each thing is judged. The files do not know each other; only procedures know the order."""
