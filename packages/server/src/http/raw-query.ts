/** The query of a URL as it was sent. */
export function rawQuery(url: string): string {
  const at = url.indexOf('?')
  return at < 0 ? '' : url.slice(at + 1).split('#')[0]!
}

/** The query in the characters that a URI may have; browsers and servers disagree about others. */
export function asciiQuery(query: string): string {
  return query.toWellFormed().replace(/[^\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]/gu, encodeURIComponent)
}
