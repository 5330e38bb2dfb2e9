"""Replies of the services, frozen on a date: open (grows, crash-safe), then sealed."""
