"""Several server processes behind one socket."""

from uvicorn.supervisors.multiprocess import Multiprocess


class Workers(Multiprocess):
    """uvicorn's, but who comes after the signal to stop is refused at once: a socket that its parent holds open takes
    connections nobody will answer.
    """

    def terminate_all(self) -> None:
        for listening in self.sockets:
            listening.close()
        super().terminate_all()
