/** The path and query if `text` leads to a place on this server, otherwise undefined: no open redirect. */
export function localPath(text: string | undefined, origin: string): string | undefined {
  if (!text || !/^\/(?![/\\])/.test(text) || !URL.canParse(text, origin)) return undefined
  const url = new URL(text, origin)
  return url.origin === origin ? url.pathname + url.search : undefined
}
