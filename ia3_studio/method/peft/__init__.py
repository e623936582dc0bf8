"""PEFT's names, files and several adapters on one model, over the method."""
