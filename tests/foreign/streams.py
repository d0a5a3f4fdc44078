"""The stream of events as Python's http.client and curl read it: each entry once, in order, from every id.

Usage: streams.py URL
"""

import http.client
import json
import subprocess
import sys
import threading
import urllib.parse

STORE = "/v1/stores/default"


class Events:
    """Server-sent events, read as the HTML standard says (9.2.6)."""

    def __init__(self, host: str, path: str, last_id: str | None = None) -> None:
        self.connection = http.client.HTTPConnection(host)
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-cache"}
        if last_id is not None:
            headers["Last-Event-ID"] = last_id
        self.connection.request("GET", STORE + path, headers=headers)
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()
        assert self.response.headers["Content-Type"] == "text/event-stream"
        self.last_id = last_id
        self.retry = None

    def __iter__(self):
        data, name, buffered_id = [], "", self.last_id
        for raw in self.response:
            line = raw.decode("utf-8").removesuffix("\n")
            if not line:
                self.last_id = buffered_id
                if data:
                    yield self.last_id, name, "\n".join(data)
                data, name = [], ""
                continue
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                data.append(value)
            elif field == "event":
                name = value
            elif field == "id":
                buffered_id = value
            elif field == "retry":
                self.retry = int(value)

    def until(self, last: str) -> list[tuple[str, str, str]]:
        found = []
        for event in self:
            found.append(event)
            if event[0] == last:
                self.connection.close()
                return found
        raise AssertionError(f"the stream ended before {last}: {found[-1:]}")


def call(host: str, method: str, path: str, body: object = None) -> tuple[dict, str]:
    connection = http.client.HTTPConnection(host)
    headers = {} if body is None else {"Content-Type": "application/json"}
    connection.request(method, STORE + path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    assert response.status < 300, answer
    return answer, response.headers["Exstore-Cursor"]


def curl(url: str, *arguments: str) -> subprocess.Popen:
    command = ["curl", "--no-buffer", "--silent", "--show-error", "--fail", *arguments, url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def main(url: str) -> None:
    host = urllib.parse.urlsplit(url).netloc
    live = Events(host, "/events/stream")
    path = f"{url}{STORE}/events/stream?after=start"
    lines = curl(path, "--header", "Accept: application/x-ndjson")
    assert json.loads(lines.stdout.readline())["type"] == "store.started"

    told = []
    reader = threading.Thread(target=lambda: told.extend(live))
    reader.start()
    for _ in range(5):
        call(host, "POST", "/clients", {"process": "mdl.exe", "count": 20})
        call(host, "POST", "/polls")
    call(host, "PUT", "/block-lists/processes", {"data": "mdl.exe"})
    call(host, "POST", "/clock/advance", {"next": "poll"})
    _, end = call(host, "GET", "/clock")

    page, _ = call(host, "GET", "/events?limit=1000")
    whole = Events(host, "/events/stream?after=start").until(end)
    assert [json.loads(data) for _, _, data in whole] == page["items"]
    assert [name for _, name, _ in whole] == [""] * len(whole)
    assert 200 < len(whole), len(whole)
    for index in range(0, len(whole) - 1, 7):
        last_id = whole[index][0]
        resumed = Events(host, "/events/stream?after=start", last_id)
        assert resumed.until(end) == whole[index + 1 :], last_id
        assert resumed.retry == 1000

    # curl has had the same, line by line.
    seen = [json.loads(lines.stdout.readline()) for _ in range(len(whole) - 1)]
    assert seen == page["items"][1:]
    lines.terminate()
    lines.wait()

    call(host, "POST", "/reset")
    _, end = call(host, "GET", "/clock")
    after_reset = Events(host, "/events/stream", whole[-1][0]).until(end)
    names = [name for _, name, _ in after_reset]
    assert names.count("reset") == 1, names
    place = names.index("reset")
    assert after_reset[place][0] == "2-0"
    assert json.loads(after_reset[place - 1][2])["type"] == "store.stopped"

    # The one that was there all the time, and is cut off here, has missed and doubled nothing either.
    live.connection.sock.shutdown(2)
    reader.join()
    complete = whole + after_reset
    known = {event[0]: event for event in complete if not event[1]}
    entries = [event for event in told if not event[1]]
    assert all(known[event[0]] == event for event in entries)
    ids = [event[0] for event in entries]
    assert len(set(ids)) == len(ids), "an id came twice"
    in_order = [event[0] for event in complete if not event[1]]
    assert ids == in_order[in_order.index(ids[0]) :][: len(ids)], "a hole, or out of order"

    # A page from another origin gets nothing.
    connection = http.client.HTTPConnection(host)
    connection.request("GET", STORE + "/events/stream", headers={"Origin": "http://evil.example"})
    assert connection.getresponse().status == 403


if __name__ == "__main__":
    main(sys.argv[1])
