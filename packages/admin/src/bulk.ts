import type { components } from './generated/api.ts'
import type { AdminOptions } from './index.ts'
import { AdminError, type Problem } from './problem.ts'

/** One change: the body of a `PUT` with its ids and `type`, or the ids, `type` and `delete: true`. */
export type BulkLine = components['schemas']['BulkLine']
/** What became of a line, counted from 1. */
export type BulkResult = components['schemas']['BulkResult']

/**
 * Sends many changes in one request, and gives the result of each as it comes, in the order of the lines. A line that fails changes nothing
 * and stops nothing: look at `status`.
 * @param lines are read as fast as the server takes them, so they can be the rows of a table of any length
 * @throws {AdminError} where the whole request was refused
 * @example
 * ```ts
 * import { bulk } from '@tenantry/admin'
 * const options = { origin: 'https://id.example.com', key: process.env.TENANTRY_ADMIN_KEY! }
 * const lines = [{ type: 'company' as const, company_id: 1, name: 'Universal Exports', domain: 'universal-exports' }]
 * for await (const { line, status, detail } of bulk(options, lines)) {
 *   if (status === 'failed') console.log(line, detail)
 * }
 * ```
 */
export async function* bulk(
  { origin, key, fetch = globalThis.fetch }: AdminOptions,
  lines: Iterable<BulkLine> | AsyncIterable<BulkLine>,
): AsyncGenerator<BulkResult, void, undefined> {
  const request = new Request(`${origin.replace(/\/$/, '')}/admin/v1/bulk`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/x-ndjson' },
    body: streamOf(encode(lines)),
    // A body that is sent while the answer comes needs it, and types do not know it yet.
    duplex: 'half',
  } as RequestInit)
  const response = await fetch(request)
  if (!response.ok) {
    throw new AdminError((await response.json().catch(() => undefined)) as Partial<Problem> | undefined, response)
  }
  for await (const text of linesOf(response.body)) yield JSON.parse(text) as BulkResult
}

/** As `ReadableStream.from`, which browsers do not all have. */
function streamOf(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await chunks.return(undefined)
    },
  })
}

async function* encode(lines: Iterable<BulkLine> | AsyncIterable<BulkLine>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  for await (const line of lines) yield encoder.encode(`${JSON.stringify(line)}\n`)
}

async function* linesOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body ?? []) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop()!
    yield* lines.filter(line => line !== '')
  }
  if (rest !== '') yield rest
}
