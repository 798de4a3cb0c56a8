/** The query of a URL as it was sent. */
export function rawQuery(url: string): string {
  const at = url.indexOf('?')
  return at < 0 ? '' : url.slice(at + 1).split('#')[0]!
}
