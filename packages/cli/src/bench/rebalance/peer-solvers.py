# The peers of `bench rebalance`: native HiGHS and Clarabel solve an LP file. One JSON line per order on stdin, one per answer on stdout.
import json
import sys
import time

import highspy
import numpy as np

TOLERANCE = 1e-9
OPTIONS = {
    "output_flag": False,
    "primal_feasibility_tolerance": TOLERANCE,
    "dual_feasibility_tolerance": TOLERANCE,
    "random_seed": 0,
    "threads": 1,
}


def opened(**more):
    highs = highspy.Highs()
    for name, value in {**OPTIONS, **more}.items():
        highs.setOptionValue(name, value)
    return highs


def read(path):
    highs = opened()
    highs.readModel(path)
    return highs.getLp()


def solve_highs(lp, presolve):
    """Hands the arrays over and solves from nothing, as our side does; seconds, objective."""
    start = time.perf_counter()
    highs = opened(presolve=presolve)
    highs.passModel(lp)
    highs.run()
    seconds = time.perf_counter() - start
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal, highs.getModelStatus()
    return {"seconds": seconds, "objective": highs.getInfo().objective_function_value}


def conic(lp):
    """The LP as Clarabel takes it: equations first, then everything that is at most something."""
    import scipy.sparse as sparse

    shape = (lp.num_row_, lp.num_col_)
    build = sparse.csc_matrix if lp.a_matrix_.format_ == highspy.MatrixFormat.kColwise else sparse.csr_matrix
    a = build((lp.a_matrix_.value_, lp.a_matrix_.index_, lp.a_matrix_.start_), shape=shape).tocsr()
    rows = sparse.vstack([a, sparse.identity(lp.num_col_)]).tocsr()
    lower = np.concatenate([lp.row_lower_, lp.col_lower_])
    upper = np.concatenate([lp.row_upper_, lp.col_upper_])
    same = lower == upper
    above, below = ~same & np.isfinite(upper), ~same & np.isfinite(lower)
    matrix = sparse.vstack([rows[same], rows[above], -rows[below]]).tocsc()
    bounds = np.concatenate([upper[same], upper[above], -lower[below]])
    return np.array(lp.col_cost_), matrix, bounds, int(same.sum())


def solve_clarabel(problem):
    import clarabel
    import scipy.sparse as sparse

    cost, matrix, bounds, equations = problem
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_feas = settings.tol_gap_abs = settings.tol_gap_rel = TOLERANCE
    settings.max_threads = 1
    start = time.perf_counter()
    cones = [clarabel.ZeroConeT(equations), clarabel.NonnegativeConeT(len(bounds) - equations)]
    nothing = sparse.csc_matrix((len(cost), len(cost)))
    solution = clarabel.DefaultSolver(nothing, cost, matrix, bounds, cones, settings).solve()
    return {"seconds": time.perf_counter() - start, "objective": solution.obj_val, "status": str(solution.status)}


models = {}
for line in sys.stdin:
    order = json.loads(line)
    path = order["path"]
    if path not in models:
        lp = read(path)
        models[path] = {"lp": lp, "conic": conic(lp) if order["solver"] == "clarabel" else None}
    held = models[path]
    if order["solver"] == "clarabel":
        held["conic"] = held["conic"] or conic(held["lp"])
        answer = solve_clarabel(held["conic"])
    else:
        answer = solve_highs(held["lp"], order["presolve"])
    print(json.dumps(answer), flush=True)
