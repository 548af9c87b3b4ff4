"""In which order things are judged and done: control flow only."""
