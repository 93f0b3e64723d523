"""Book and sound to files: stitched, mastered, encoded, tagged and shelved."""
