"""The only room that awaits a provider: permit, token, send, judge, cure, log."""
