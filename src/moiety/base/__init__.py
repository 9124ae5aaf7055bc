"""Errors, random streams, scratch arrays, deadlines and progress, atomic files, numbers in words."""
