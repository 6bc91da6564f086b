"""What every room uses: errors, files, locks, processes, hashes, the cache. It knows nothing of images."""
