# The peers of `bench screen`: rapidfuzz over every pair of investor and listed name, Jaro-Winkler and, where it is installed, nomenklatura's
# logic-v2 on labelled pairs. Names come from a file the bench wrote. One JSON line per order on stdin, one per answer on stdout; what is timed is
# the calls alone, on every processor.
import json
import sys
import time

from rapidfuzz import fuzz, process
from rapidfuzz.distance import JaroWinkler

with open(sys.argv[1], encoding="utf-8") as file:
    world = json.load(file)
names, investors, pairs = world["names"], world["investors"], world["pairs"]
BLOCK = 100


def scan(scorer, start, end, cutoff):
    hits, seconds = [], 0.0
    for at in range(start, end, BLOCK):
        block = investors[at : min(end, at + BLOCK)]
        begin = time.perf_counter()
        matrix = process.cdist(block, names, scorer=scorer, score_cutoff=cutoff, workers=-1)
        seconds += time.perf_counter() - begin
        hits.extend([at + int(i), int(j)] for i, j in zip(*matrix.nonzero()))
    return seconds, hits


def logic():
    try:
        from followthemoney import model
        from nomenklatura.matching.logic_v2.model import LogicV2
    except ImportError:
        return None

    def entity(side, name, kind):
        schema = "Person" if kind == "person" else "Company"
        return model.get_proxy({"id": f"{side}-{name}", "schema": schema, "properties": {"name": [name]}})

    config = LogicV2.default_config()
    return [LogicV2.compare(entity("a", a, kind), entity("b", b, kind), config).score for a, b, kind in pairs]


print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    order = json.loads(line)
    if order["do"] == "pairs":
        answer = {"jaroWinkler": [JaroWinkler.similarity(a.lower(), b.lower()) for a, b, _ in pairs], "logicV2": logic()}
    else:
        scorer = fuzz.WRatio if order["do"] == "WRatio" else fuzz.token_sort_ratio
        seconds, hits = scan(scorer, order["start"], order["end"], order["cutoff"])
        answer = {"seconds": seconds, "hits": hits}
    print(json.dumps(answer), flush=True)
