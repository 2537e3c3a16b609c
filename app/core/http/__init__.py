"""The one door out: every byte to a provider goes through `Door`."""

from app.core.http.door import Door, Incoming, Outgoing, Stream

__all__ = ["Door", "Incoming", "Outgoing", "Stream"]
