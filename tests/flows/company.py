"""One connected organisation as a test sees it: the unified API on one side, the provider's own book on the other."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from tests.flows.conftest import Admin

PROBLEM = "application/problem+json"


def exact(answer: httpx.Response) -> Any:
    """The JSON of an answer, its numbers as the decimals that were printed."""
    return json.loads(answer.content, parse_float=Decimal, parse_int=Decimal)


@dataclass
class Company:
    """`api` names the account by its header; paths are resources of the accounting model unless they start with /."""

    api: httpx.Client
    admin: Admin
    account_id: str
    organization_id: str

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.api.request(method, path if path[0] == "/" else f"/unified/accounting/{path}", **more)

    def get(self, path: str, /, **params: Any) -> Any:
        return self.good(self.call("GET", path, params=params))

    def rows(self, path: str, /, **params: Any) -> list[Any]:
        """The rows of one page, which must be the only one."""
        page = self.get(path, **params)
        assert page["next_cursor"] is None and page["result_count"] == len(page["result"])
        return page["result"]

    def create(self, path: str, *, issues: list[str] | None = None, **body: Any) -> Any:
        """The record made, once its issues are exactly those expected."""
        made = self.good(self.call("POST", path, json=body), 201)
        assert [issue["code"] for issue in made.get("issues", [])] == (issues or []), made["issues"]
        return made

    def patch(self, path: str, body: Any, **params: Any) -> Any:
        return self.good(self.call("PATCH", path, json=body, params=params))

    def act(self, path: str, **body: Any) -> Any:
        return self.good(self.call("POST", path, **({"json": body} if body else {})))

    def delete(self, path: str) -> None:
        assert self.good(self.call("DELETE", path)) == {"id": path.rpartition("/")[2]}

    @staticmethod
    def good(answer: httpx.Response, status: int = 200) -> Any:
        assert answer.status_code == status, answer.text
        return exact(answer)

    def refused(
        self,
        method: str,
        path: str,
        status: int,
        code: str,
        *pointers: str,
        reads: int | None = 0,
        **more: Any,
    ) -> Any:
        """The problem a call is answered with, complete in shape. Nothing was written at the provider, and it was
        read at most `reads` times (None: as often as it takes)."""
        mark = self.admin.last()
        answer = self.call(method, path, **more)
        assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
        problem = exact(answer)
        assert problem["code"] == code, answer.text
        assert problem["status"] == problem["statusCode"] == status
        assert {"type", "title", "detail", "instance", "error", "request_id", "retryable"} <= problem.keys()
        assert problem["message"] == problem["detail"] and problem["executed"] == "no"
        if pointers:
            assert [error["pointer"] for error in problem["errors"]] == list(pointers), answer.text
        calls = self.calls(mark)
        assert [each for each in calls if each["method"] != "GET"] == []
        assert reads is None or len(calls) <= reads, calls
        return problem

    def calls(self, mark: int, **narrow: Any) -> list[dict[str, Any]]:
        """Books calls the provider has received since `mark`."""
        return self.admin.calls(after=mark, server="books", **narrow)

    def truth(self, table: str, id: str) -> dict[str, Any]:
        """A record as the provider's ledger holds it."""
        told = self.admin.get(f"/organizations/{self.organization_id}/truth")
        return exact(told)[table][id]

    def natively(self, method: str, path: str, **body: Any) -> Any:
        """What its people do in the provider's own pages."""
        told = self.admin.post(
            f"/organizations/{self.organization_id}/calls",
            json={"method": method, "path": path, **({"body": body} if body else {})},
        )
        answer = exact(told)
        assert answer["status"] < 300, answer
        return answer["body"]
