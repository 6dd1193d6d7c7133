// A correlation matrix as the product of a lower triangle and its transpose, so that independent draws become correlated ones. Pure.
import { EvergreenError } from "@evergreen-fund/domain/errors.ts";

/** A squared pivot this close to zero is zero: the row follows from those above, to the square root of this. */
const NEARLY_ZERO = 1e-8;

/**
 * Lower triangle L with L·Lᵀ = matrix, row by row. A matrix that is only semidefinite is taken; its dependent rows get a zero pivot.
 * Errors: EG400 when it is not square, not symmetric, has not ones on the diagonal, or contradicts itself (is not positive semidefinite).
 */
export function cholesky(matrix: readonly (readonly number[])[]): number[][] {
  const n = matrix.length;
  const refuse = (words: string): never => {
    throw new EvergreenError("EG400", `A correlation matrix ${words}.`);
  };
  if (matrix.some((row) => row.length !== n)) refuse(`has as many columns as rows: ${n}`);
  const triangle = matrix.map(() => new Array<number>(n).fill(0));
  for (let i = 0; i < n; i++) {
    if (matrix[i]![i] !== 1) refuse("has 1 on its diagonal");
    for (let j = 0; j <= i; j++) {
      if (matrix[i]![j] !== matrix[j]![i]) refuse("is symmetric");
      let rest = matrix[i]![j]!;
      for (let k = 0; k < j; k++) rest -= triangle[i]![k]! * triangle[j]![k]!;
      const pivot = triangle[j]![j]!;
      if (i === j) {
        if (rest < -10 * NEARLY_ZERO) refuse("must not contradict itself: these correlations cannot hold together");
        triangle[i]![i] = rest <= NEARLY_ZERO ? 0 : Math.sqrt(rest);
      } else if (pivot !== 0) triangle[i]![j] = rest / pivot;
      else if (Math.abs(rest) > Math.sqrt(NEARLY_ZERO))
        refuse("must not contradict itself: these correlations cannot hold together");
    }
  }
  return triangle;
}
