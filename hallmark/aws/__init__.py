"""The platform aws: machines in isolated VPCs, images as AMIs."""
