/** Texts that are remembered at once, and how long they may be: what others send must not fill the memory. */
const MOST = 10_000
const LONGEST = 64

/** The same function of a text, computed once for each text that comes again before ten thousand others. */
export function remembered<Value>(compute: (text: string) => Value): (text: string) => Value {
  const known = new Map<string, Value>()
  return text => {
    if (text.length > LONGEST) return compute(text)
    // A value may be undefined.
    if (known.has(text)) return known.get(text)!
    const value = compute(text)
    if (known.size >= MOST) known.clear()
    known.set(text, value)
    return value
  }
}
