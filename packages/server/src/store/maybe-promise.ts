/** A value that is there now where the engine runs in this process, otherwise later. */
export type MaybePromise<Value> = Value | Promise<Value>

/** Applies `next` to a value now, or when it arrives. */
export function whenReady<Value, Result>(
  value: MaybePromise<Value>,
  next: (value: Value) => Result,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(next) : next(value)
}
