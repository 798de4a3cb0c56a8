/** One slash and no second slash or backslash: two would begin the address of another host. */
const LOCAL = /^\/(?![/\\])/

/** The path and query if `text` leads to a place on this server, otherwise undefined: no open redirect. */
export function localPath(text: string | undefined, origin: string): string | undefined {
  if (!text || !LOCAL.test(text) || !URL.canParse(text, origin)) return undefined
  const url = new URL(text, origin)
  const path = url.pathname + url.search
  // Looked at again: `/..//elsewhere` is `//elsewhere` once its dots are resolved.
  return url.origin === new URL(origin).origin && LOCAL.test(path) ? path : undefined
}
