"""Text to sound: spoken text, phonemes, chunks, voices and the speakers that say them."""
