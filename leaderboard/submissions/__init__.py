"""Submissions: records that somebody sends are checked, compared with those that are there, and challenged."""
