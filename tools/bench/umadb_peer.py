#!/usr/bin/env python3
"""Measures UmaDB's durable appends, for the lines that annals-bench writes.

UmaDB is a server: its callers here are Python threads that talk gRPC to it on this machine through its
own client, so what is measured is what a caller of UmaDB gets, and not its storage alone. Needs the
package `umadb`, which holds both: `make bench-peers` gets it into a folder of its own.
"""

import argparse
import datetime
import json
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

try:
    import umadb
except ImportError:
    sys.exit("umadb_peer.py: the Python package umadb is missing: run make bench-peers")

# Callers and events a call, named as annals-bench does.
WORKLOADS = {
    "append-1": (1, 1),
    "append-16": (16, 1),
    "append-64": (64, 1),
    "bulk": (4, 1000),
}


class Server:
    """UmaDB on a free port, with its data in a temporary folder."""

    def __init__(self, parent: pathlib.Path):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="umadb-", dir=parent))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % probe.getsockname()[1]
        program = pathlib.Path(sys.executable).with_name("umadb")
        self.process = subprocess.Popen(
            [str(program), "--listen", self.address, "--db-path", str(self.folder)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.client().head()
                return
            except Exception as error:  # Not there yet, whatever it says.
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.stop()
                    sys.exit(f"umadb_peer.py: the server did not start: {error}")
                time.sleep(0.1)

    def client(self):
        return umadb.Client("http://" + self.address)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def measure(server, callers, batch, options):
    """One run: events a second, and the microseconds of every call."""
    clients = [server.client() for _ in range(callers)]
    latencies = [[] for _ in range(callers)]
    failures = []
    start = threading.Barrier(callers + 1)
    end = 0.0

    def call(index):
        data = b"x" * options.event_bytes
        stream = index
        start.wait()
        try:
            while (began := time.monotonic()) < end:
                events = []
                for _ in range(batch):
                    stream = (stream + callers) % options.streams
                    events.append(umadb.Event("money_deposited", data, [f"account-{stream}"]))
                clients[index].append(events)
                latencies[index].append((time.monotonic() - began) * 1e6)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=call, args=(i,)) for i in range(callers)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    end = began + options.seconds
    start.wait()
    for thread in threads:
        thread.join()
    elapsed = time.monotonic() - began
    if failures:
        sys.exit(f"umadb_peer.py: an append failed: {failures[0]}")
    calls = sorted(value for one in latencies for value in one)
    return len(calls) * batch / elapsed, calls


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workload", nargs="*", help="of " + " ".join(WORKLOADS) + "; all if none is named")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--event-bytes", type=int, default=256)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("results.jsonl"))
    options = parser.parse_args()
    if unknown := [name for name in options.workload if name not in WORKLOADS]:
        parser.error(f"no workload {unknown[0]}: there are {' '.join(WORKLOADS)}")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    print(f"{'workload':<12} {'callers':>8} {'a call':>8} {'events/s':>10} {'p50 us':>10} {'p99 us':>10}")
    for name in options.workload or WORKLOADS:
        callers, batch = WORKLOADS[name]
        rates, p50s, p99s = [], [], []
        for _ in range(options.runs):
            server = Server(options.out.parent)
            try:
                rate, calls = measure(server, callers, batch, options)
            finally:
                server.stop()
            rates.append(rate)
            p50s.append(calls[len(calls) // 2])
            p99s.append(calls[min(len(calls) - 1, len(calls) * 99 // 100)])
        line = {
            "workload": name, "engine": "umadb", "threads": callers, "batch": batch,
            "event_bytes": options.event_bytes, "streams": options.streams, "tags": 1,
            "events_per_second": round(statistics.median(rates), 1),
            "p50_us": round(statistics.median(p50s), 2), "p99_us": round(statistics.median(p99s), 2),
            "durability": "synced", "runs": options.runs, "seconds": options.seconds,
            "at": datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z"),
        }
        with options.out.open("a") as out:
            out.write(json.dumps(line) + "\n")
        print(f"{name:<12} {callers:>8} {batch:>8} {line['events_per_second']:>10,.0f} "
              f"{line['p50_us']:>10,.1f} {line['p99_us']:>10,.1f}", flush=True)
    print("umadb: a server and its own Python client over gRPC; one tag an event; no hashes.")


if __name__ == "__main__":
    main()
