"""The measurements, taken side by side in one run."""
