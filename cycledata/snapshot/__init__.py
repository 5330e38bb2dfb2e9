"""Snapshots: recorded replies of data services, open while they grow, sealed afterwards."""
