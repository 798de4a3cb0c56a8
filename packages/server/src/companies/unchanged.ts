/** Whether two rows of a table have the same values. */
export function isUnchanged<Row extends object>(before: Row, after: Row): boolean {
  return Object.entries(after).every(([column, value]) => before[column as keyof Row] === value)
}
