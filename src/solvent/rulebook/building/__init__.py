"""Records out of what could be read of a document, a file for each slot."""
