"""What the peers in Python have in common: their options, callers by the clock, and the JSON lines."""

import argparse
import datetime
import json
import pathlib
import statistics
import sys
import threading
import time


def parser(description, workloads):
    made = argparse.ArgumentParser(description=description)
    made.add_argument("workload", nargs="*", help="of " + " ".join(workloads) + "; all if none is named")
    made.add_argument("--seconds", type=float, default=2)
    made.add_argument("--runs", type=int, default=3)
    made.add_argument("--streams", type=int, default=10_000)
    made.add_argument("--event-bytes", type=int, default=256)
    made.add_argument("--out", type=pathlib.Path, default=pathlib.Path("results.jsonl"))
    return made


def parse(made, workloads):
    options = made.parse_args()
    if unknown := [name for name in options.workload if name not in workloads]:
        made.error(f"no workload {unknown[0]}: there are {' '.join(workloads)}")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    print(f"{'workload':<16} {'callers':>8} {'a call':>8} {'events/s':>10} {'p50 us':>10} {'p99 us':>10}")
    return options


def run_callers(calls, seconds):
    """Each of `calls` again and again, in a thread of its own: seconds that passed, and the sorted
    microseconds of every call. The first that fails ends the program."""
    latencies = [[] for _ in calls]
    failures = []
    start = threading.Barrier(len(calls) + 1)
    end = 0.0

    def work(index):
        start.wait()
        try:
            while (began := time.monotonic()) < end:
                calls[index]()
                latencies[index].append((time.monotonic() - began) * 1e6)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(calls))]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    end = began + seconds
    start.wait()
    for thread in threads:
        thread.join()
    elapsed = time.monotonic() - began
    if failures:
        sys.exit(f"{sys.argv[0]}: a call failed: {failures[0]!r}")
    return elapsed, sorted(value for one in latencies for value in one)


def report(options, name, engine, callers, batch, runs, **more):
    """Writes the line of one workload and prints it. `runs` holds (events a second, sorted us of calls)."""
    rates = [rate for rate, _ in runs]
    p50 = statistics.median(calls[len(calls) // 2] for _, calls in runs)
    p99 = statistics.median(calls[min(len(calls) - 1, len(calls) * 99 // 100)] for _, calls in runs)
    line = {
        "workload": name, "engine": engine, "threads": callers, "batch": batch,
        "event_bytes": options.event_bytes, "streams": options.streams, **more,
        "events_per_second": round(statistics.median(rates), 1),
        "p50_us": round(p50, 2), "p99_us": round(p99, 2),
        "durability": "synced", "runs": options.runs, "seconds": options.seconds,
        "at": datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z"),
    }
    with options.out.open("a") as out:
        out.write(json.dumps(line) + "\n")
    print(f"{name:<16} {callers:>8} {batch:>8} {line['events_per_second']:>10,.0f} {p50:>10,.1f} {p99:>10,.1f}",
          flush=True)
