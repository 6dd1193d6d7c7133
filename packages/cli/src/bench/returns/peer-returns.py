# The peers of `bench returns`: pyxirr for internal rates, numpy for time-weighted returns, over a part of the investors that the bench wrote to
# files. One JSON line per order on stdin, one per answer on stdout. What is timed is the calls alone: the lists that pyxirr takes fastest are
# built before, and the garbage collector is off.
import datetime
import gc
import json
import sys
import time

import numpy as np
import pyxirr

folder, start, end, each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
BLOCK = 32_768


def read(name, kind):
    return np.fromfile(f"{folder}/{name}", dtype=kind).reshape(-1, each)[start:end]


days, amounts, values = read("days", np.int32), read("amounts", np.float64), read("values", np.float64)
epoch = datetime.date(1970, 1, 1)
calendar = {day: epoch + datetime.timedelta(days=day) for day in np.unique(days).tolist()}
dates = [[calendar[day] for day in row] for row in days.tolist()]
payments = amounts.tolist()
gc.freeze()
gc.disable()
xirr = pyxirr.xirr


def rates():
    begin = time.perf_counter()
    found = [xirr(d, a, silent=True) for d, a in zip(dates, payments)]
    return time.perf_counter() - begin, np.array([np.nan if rate is None else rate for rate in found])


def returns():
    begin = time.perf_counter()
    found = np.empty(len(amounts))
    for at in range(0, len(amounts), BLOCK):  # blocks that fit the cache
        v, a = values[at : at + BLOCK], amounts[at : at + BLOCK]
        found[at : at + BLOCK] = np.prod(v[:, 1:] / (v[:, :-1] - a[:, :-1]), axis=1) - 1
    return time.perf_counter() - begin, found


print(json.dumps({"ready": pyxirr.__version__ if hasattr(pyxirr, "__version__") else "installed"}), flush=True)
for line in sys.stdin:
    order = json.loads(line)
    seconds, found = rates() if order["measure"] == "xirr" else returns()
    if order["write"]:
        found.tofile(f"{folder}/{order['measure']}-{start}")
    print(json.dumps({"seconds": seconds}), flush=True)
