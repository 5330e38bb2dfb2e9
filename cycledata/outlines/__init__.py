"""Outlines of papers: prompt, request, reading and the extractive baseline."""
