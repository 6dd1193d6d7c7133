# The peer of `bench stress`: numpy in single and double precision, over the book and the scenarios that the bench wrote to files. One JSON line per order on
# stdin, one per answer on stdout. Each measure uses blocks of the size that was fastest here before anything counted.
import json
import sys
import time

import numpy as np

folder, factors, buckets, confidence = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
asked, response, gate = json.loads(sys.argv[5])
# processor time of all threads, where the bench started this process with one thread
clock = time.process_time if sys.argv[6] == "processor" else time.perf_counter
moves = np.fromfile(f"{folder}/moves", dtype=np.float32).reshape(-1, factors)
exposures = np.fromfile(f"{folder}/exposures", dtype=np.float64).reshape(-1, factors)
values = np.fromfile(f"{folder}/values", dtype=np.float64)
bucket_of = np.fromfile(f"{folder}/buckets", dtype=np.uint8)
spread = np.zeros((len(values), buckets))
spread[np.arange(len(values)), bucket_of] = values
data = {
    kind: (moves.astype(kind), np.ascontiguousarray(exposures.astype(kind).T), spread.astype(kind))
    for kind in (np.float32, np.float64)
}


def simulate(kind, block):
    f, b, v = data[kind]
    by_bucket = np.empty((len(f), buckets), kind)
    for at in range(0, len(f), block):
        cells = f[at : at + block] @ b
        np.exp(cells, out=cells)
        by_bucket[at : at + block] = cells @ v
    nav = by_bucket.sum(axis=1, dtype=np.float64)
    before = values.sum()
    losses = np.sort(before - nav)
    cut = confidence * len(losses)
    border = max(1, int(np.ceil(cut - 1e-9)))
    var = losses[border - 1]
    shortfall = (max(0, border - cut) * var + losses[border:].sum()) / (len(losses) - cut)
    left = nav / before
    grown = 1 + response * np.maximum(0, 1 - left)
    periods = np.zeros(len(left), np.int32)
    for period, share in enumerate(asked):
        demand = share * grown
        periods[(periods == 0) & (demand > gate * left)] = period + 1
        left = left - demand
    return by_bucket, nav, var, shortfall, periods


def timed(kind, block):
    begin = clock()
    found = simulate(kind, block)
    return clock() - begin, found


best = {}
for kind in data:
    blocks = [64, 128, 256, 512, 2048, len(moves)]
    timed(kind, 256)
    best[kind] = min(blocks, key=lambda block: min(timed(kind, block)[0] for _ in range(2)))


def naive(sample):
    amounts = np.fromfile(f"{folder}/amounts", dtype=np.float64)
    thresholds = np.fromfile(f"{folder}/thresholds", dtype=np.uint16)
    paid_in = np.fromfile(f"{folder}/investor-buckets", dtype=np.uint8)
    steps = np.fromfile(f"{folder}/steps", dtype=np.int32)[:sample]
    begin = time.perf_counter()
    asks = np.zeros((sample, buckets))
    for s, step in enumerate(steps):
        asks[s] = np.bincount(paid_in, weights=amounts * (thresholds <= step), minlength=buckets)
    seconds = time.perf_counter() - begin
    asks.tofile(f"{folder}/asks")
    return seconds


print(json.dumps({"ready": np.__version__}), flush=True)
for line in sys.stdin:
    order = json.loads(line)
    if order["measure"] == "naive":
        print(json.dumps({"seconds": naive(order["sample"])}), flush=True)
        continue
    kind = np.float32 if order["measure"] == "float32" else np.float64
    seconds, (by_bucket, nav, var, shortfall, periods) = timed(kind, best[kind])
    if order["write"]:
        np.concatenate([by_bucket.astype(np.float64), nav[:, None]], axis=1).tofile(f"{folder}/out")
        periods.tofile(f"{folder}/periods")
    print(
        json.dumps({"seconds": seconds, "valueAtRisk": float(var), "expectedShortfall": float(shortfall), "block": best[kind]}),
        flush=True,
    )
