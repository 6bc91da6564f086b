"""The base: the disk that a build starts from, made from the archive; both platforms may start from it."""
