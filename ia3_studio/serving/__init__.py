"""Requests of other programs → answers of one base model with many adapters, over OpenAI's HTTP interface."""
