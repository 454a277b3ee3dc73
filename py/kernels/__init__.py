"""Puts the corrected kernels into the Paddle of this process, and says what became of each."""
