"""Records: what is known of one row as one JSON document, its summary in a file, and its log in MLflow.

A record is read and written here, never judged: verdicts come from `judging`.
"""
