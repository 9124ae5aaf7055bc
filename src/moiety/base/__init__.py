"""Errors, random streams, scratch arrays, deadlines, progress, atomic files, numbers in words."""
