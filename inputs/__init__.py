"""Files to Books: documents read into clean chapters of blocks, each with its place in the source."""
