# The peer of `bench sync`: DuckDB's own postgres_scanner, which copies the same columns into a file of DuckDB. One JSON line per order on stdin, one per
# answer on stdout. It compares nothing afterwards.
import importlib.resources
import json
import os
import sys
import time

import duckdb
import duckdb_extension_postgres_scanner as scanner

url, folder = sys.argv[1], sys.argv[2]
root = importlib.resources.files(scanner)
extension = next(
    os.path.join(base, name)
    for base, _, names in os.walk(str(root))
    for name in names
    if name.endswith(".duckdb_extension")
)
columns = (
    "snapshot_id, asset_id, fund_id, as_of, nav, leverage, esg_score, scenario_id, method, source, effective_at, recorded_at, "
    "tx::varchar::ubigint as tx"
)
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    order = json.loads(line)
    path = os.path.join(folder, "peer.duckdb")
    for name in (path, path + ".wal"):
        if os.path.exists(name):
            os.remove(name)
    connection = duckdb.connect(path, config={"allow_unsigned_extensions": "true"})
    connection.execute(f"load '{extension}'")
    connection.execute(f"attach '{url}' as there (type postgres, read_only)")
    start = time.perf_counter()
    connection.execute(f"create table asset_snapshots as select {columns} from there.public.asset_snapshots")
    connection.execute("checkpoint")
    seconds = time.perf_counter() - start
    rows = connection.execute("select count(*), sum(nav)::varchar from asset_snapshots").fetchone()
    connection.close()
    print(json.dumps({"seconds": seconds, "rows": rows[0], "sum": rows[1]}), flush=True)
