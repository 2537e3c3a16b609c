"""The ground floor: settings, storage, clock, ids, JSON, errors. It imports no other room."""
