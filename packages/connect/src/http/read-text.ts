/**
 * A body as text; undefined if it is longer than the limit, and then its end is not read.
 * @param limit in bytes
 */
export async function readText(request: Request, limit: number): Promise<string | undefined> {
  const decoder = new TextDecoder()
  let [text, length] = ['', 0]
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > limit) return undefined
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
