"""What of the worlds is compiled: streams, price models, the book, the loop, and the tables they share."""
