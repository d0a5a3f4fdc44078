"""The article's story in ten stores at once, each at its own time and with its own list, told by threads to one server over
HTTP: Python's standard library alone."""

import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "fixtures" / "python"))
sys.dont_write_bytecode = True
from exstore_fixture import ExstoreError, Server  # noqa: E402

STORES = 10


def tell(server, number, together):
    day = f"2006-05-{number + 1:02}"
    store = server.store(f"s{number}", rpc="127.0.0.1:0", seed=hex(number),
                         clock={"mode": "manual", "now": f"{day}T08:00:00Z"})
    # Everyone's own program is listed; the neighbour's is not, here.
    mine, other = f"app{number}.exe", f"app{(number + 1) % STORES}.exe"
    together.wait()
    piped = store.inject(mine, count=3 + number, group="listed")
    over_tcp = store.inject(mine, transport="tcp", count=2, group="listed")
    kept = [store.inject(other), store.inject("OUTLOOK.EXE", transport="tcp")]
    assert store.inject(None)["state"] == "connected"
    listed = store.block(mine)
    assert listed["in_force"] is False, "nobody has polled"
    assert store.advance(by="14m")["disconnected"] == 0
    together.wait()

    advanced = store.advance(next="poll")
    assert advanced["now"] == f"{day}T08:15:00Z", advanced
    assert advanced["polls_run"] == 1 and advanced["disconnected"] == len(piped) + len(over_tcp), advanced
    states = {client["id"]: client["state"] for client in store.clients()}
    assert all(states[client["id"]] == "disconnected" for client in piped + over_tcp), states
    assert all(states[client["id"]] == "connected" for client in kept), states
    assert store.inject(mine)["outcome"] == "ecClientVerDisallowed"
    why = store.explain(process=mine)
    assert why["summary"].startswith("Forbidden: "), why["summary"]
    ends = store.events("session.disconnected")
    assert [end["process"] for end in ends] == [mine] * len(ends) and len(ends) == len(piped) + 2

    store.unblock()
    store.advance(next="poll")
    again = store.request("POST", f"/clients/{piped[0]['id']}/connect")
    assert again["state"] == "connected", again
    events = store.events()
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert all(event["at"].startswith(day) for event in events)
    together.wait()
    store.delete()
    try:
        store.clients()
    except ExstoreError as error:
        assert error.problem == "store-not-found"
    else:
        raise AssertionError("the store is still there")


def main(control):
    server = Server(control)
    together = threading.Barrier(STORES)
    failures = []

    def run(number):
        try:
            tell(server, number, together)
        except BaseException as error:  # whatever it is, the others wait for this one
            failures.append((number, error))
            together.abort()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(STORES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, error in sorted(failures, key=lambda failure: isinstance(failure[1], threading.BrokenBarrierError)):
        print(f"store s{number}: {type(error).__name__}: {error}", file=sys.stderr)
    names = [store["name"] for store in server.request("GET", "/v1/stores")[0]["items"]]
    assert failures or names == ["default"], names
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
