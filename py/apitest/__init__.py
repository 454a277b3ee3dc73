"""The parity harness: runs case lines on Paddle and on Torch and compares what they give."""
