"""Where we break it: worlds made from a seed, commands aimed at the edges, and slow books that check every step."""
