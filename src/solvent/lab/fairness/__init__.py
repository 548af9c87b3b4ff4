"""The deleveraging laboratory: nine policies behind one interface, and the axioms each keeps or breaks."""
