"""Integrated accounts and their credentials."""
