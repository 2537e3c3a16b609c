"""What is wrong with a destination."""


class Unusable(Exception):
    """It cannot be used, or not now. The message is for people and shows no secret.

    code    invalid | forbidden | unreachable | refused | denied | occupied | full | data | missing_extra | failed
    member  the one of the request that is to blame
    """

    def __init__(self, code: str, message: str, member: str = "url") -> None:
        super().__init__(message)
        self.code = code
        self.member = member
