"""What tests of every layer share: where things are, time, polling, and one harness per layer."""
