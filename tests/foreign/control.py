"""The HTTP control plane as any script would use it: the standard library's urllib, and one store.

It relies on what the API promises: the paths below, lists as `{"items": [...], "next": ...}`, JSON bodies.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any, Dict, List, Optional
from urllib.parse import quote

WAIT_SECONDS = 60.0
PAGE = 1000


class HttpError(Exception):
    """The server answered with an error, whose body says more."""


class Store:
    """The store `default` behind a control URL."""

    def __init__(self, control_url: str) -> None:
        self._base = control_url.rstrip("/") + "/v1/stores/default"
        # Never through a proxy that the environment names.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def block(self, data: str) -> None:
        """Writes `Disable MAPI Client Processes`."""
        self.send("PUT", "/block-lists/processes", {"data": data})

    def unblock(self) -> None:
        """Deletes the value."""
        self.send("DELETE", "/block-lists/processes")

    def advance(self, by: str) -> Dict[str, Any]:
        """Moves the manual clock, and returns when all that fell due has been done."""
        answer = self.send("POST", "/clock/advance", {"by": by})
        if not isinstance(answer, dict):
            raise HttpError(f"/clock/advance answered {answer!r}")
        return answer

    def sessions(self) -> List[Dict[str, Any]]:
        """Every session there is."""
        return self.items("/sessions")

    def decisions(self) -> List[Dict[str, Any]]:
        """Every decision taken."""
        return self.items("/decisions")

    def events(self) -> List[Dict[str, Any]]:
        """The journal."""
        return self.items("/events")

    def items(self, path: str) -> List[Dict[str, Any]]:
        """A whole list, page by page."""
        found: List[Dict[str, Any]] = []
        after = ""
        while True:
            page = self.send("GET", f"{path}?limit={PAGE}{after}")
            found += page["items"]
            if not page.get("next") or len(page["items"]) < PAGE:
                return found
            after = f"&after={quote(str(page['next']), safe='')}"

    def send(self, method: str, path: str, body: Optional[Dict[str, Any]] = None) -> Any:
        """One request; the decoded JSON answer, or None when there is no body."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data=data, method=method)
        request.add_header("Accept", "application/json")
        if data is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with self._opener.open(request, timeout=WAIT_SECONDS) as response:
                text = response.read()
        except urllib.error.HTTPError as error:
            detail = error.read().decode(errors="replace")
            raise HttpError(f"{method} {path}: {error.code} {detail}") from None
        return json.loads(text) if text else None
