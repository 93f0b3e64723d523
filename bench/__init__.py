"""How fast and how exact synthesis is."""
