"""Shapes of files that are more than a table: exports of chats and annotation tools, preferences, a turn per row."""
