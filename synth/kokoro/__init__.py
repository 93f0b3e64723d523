"""Kokoro-82M: phonemes and a style vector into samples, many rows at once."""
