"""Audit of a trained policy: are its papers better, or only what the reviewer likes?"""
