import { z } from '@hono/zod-openapi'
import { letBodyTakeLong } from '../http/long-bodies.ts'
import { OutcomeUnknown, StoreUnavailable } from '../store/store.ts'
import { applyLine, type BulkLine, lineSchema, readLine, scopeOf, subjectsOf } from './bulk-line.ts'
import { ADMIN_PATH, type AdminContext } from './environment.ts'
import { onlyCompany } from './key-company.ts'
import { LineOrder } from './line-order.ts'
import type { AdminApp } from './operation.ts'
import { AdminProblem, toProblem } from './problem.ts'
import { problemSchema } from './problem-schema.ts'
import { allowsScope } from './scopes.ts'

/** Lines that are under way at once: their commits are written together. */
const AT_ONCE = 256
const MAX_LINE = 64 * 1024

const resultSchema = z
  .object({
    line: z.int().openapi({ description: 'Counted from 1.' }),
    status: z.enum(['created', 'replaced', 'unchanged', 'deleted', 'failed']),
    code: z.string().optional(),
    detail: z.string().optional(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .openapi('BulkResult')

/** `POST /bulk`: a line of JSON for each change in, a line for each result out, while the request is still being sent. */
export function addBulkOperation(app: AdminApp) {
  const problem = (description: string) => ({
    description,
    content: { 'application/problem+json': { schema: problemSchema } },
  })
  app.openAPIRegistry.registerPath({
    method: 'post',
    path: `${ADMIN_PATH}/bulk`,
    operationId: 'postBulk',
    tags: ['Bulk'],
    summary: 'Create, replace and delete many companies, users and members',
    description:
      'One line of JSON for each: the body of a `PUT` with the ids and `type`, or the ids, `type` and `"delete": true`. The answer has one line for each, in the same order, as soon as it is done. Each line is a commit of its own; one that failed changes nothing and stops nothing. Lines that name the same company, user, domain or e-mail are done in their order. Scopes: `companies:write`, `users:write`, `members:write`, for the types that are used.',
    security: [{ admin_key: [] }],
    request: { body: { content: { 'application/x-ndjson': { schema: lineSchema } }, required: true } },
    responses: {
      200: { description: 'The results.', content: { 'application/x-ndjson': { schema: resultSchema } } },
      401: problem('The admin key is missing, unknown, revoked or has expired.'),
    },
  })
  app.post(`${ADMIN_PATH}/bulk`, c => {
    letBodyTakeLong(c.env.socket)
    const { readable, writable } = new TransformStream<string, string>()
    answerLines(c, linesOf(c.req.raw.body), writable.getWriter()).catch(error => {
      c.env.runtime.log.info({ err: error, requestId: c.env.requestId }, 'a bulk request was cut off')
    })
    const headers = { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' }
    return new Response(readable.pipeThrough(new TextEncoderStream()), { headers })
  })
}

/** Writes results in the order of the lines. Reads no further while too many are under way, or are not read by the client. */
async function answerLines(
  c: AdminContext,
  lines: AsyncIterable<string>,
  writer: WritableStreamDefaultWriter<string>,
): Promise<void> {
  const order = new LineOrder()
  const underWay: Promise<void>[] = []
  let written = Promise.resolve()
  let line = 0
  try {
    for await (const text of lines) {
      line += 1
      if (text.trim() === '') continue
      const result = start(c, line, text, order)
      written = written.then(async () => writer.write(await result))
      underWay.push(written)
      // The first that fails ends the request; those after it fail for the same reason, and are not waited for.
      written.catch(() => {})
      if (underWay.length >= AT_ONCE) await underWay.shift()
    }
    await written
    await writer.close()
  } catch (error) {
    await writer.abort(error)
    throw error
  }
}

async function start(c: AdminContext, line: number, text: string, order: LineOrder) {
  try {
    const change = readLine(text)
    requireAllowed(c, change)
    const status = await order.run(subjectsOf(change), () => applyLine(c.var.acting, change))
    return `${JSON.stringify({ line, status })}\n`
  } catch (error) {
    return `${JSON.stringify({ line, status: 'failed', ...describe(c, error) })}\n`
  }
}

/** @throws {AdminProblem} 403 */
function requireAllowed(c: AdminContext, line: BulkLine) {
  const { scopes, company_id } = c.var.key
  const scope = scopeOf(line)
  if (!allowsScope(scopes, scope)) throw new AdminProblem(403, 'forbidden', `This admin key lacks the scope ${scope}.`)
  if (line.type !== 'user') onlyCompany(c, line.company_id)
  else if (company_id !== null) {
    throw new AdminProblem(403, 'forbidden', `This admin key may administer company ${company_id} only.`)
  }
}

function describe(c: AdminContext, error: unknown) {
  const problem = toProblem(error)
  if (problem) {
    const { code, message: detail, errors } = problem
    const named = errors.map(({ path, message }) => ({ field: path, message }))
    return { code, detail, ...(named.length > 0 && { errors: named }) }
  }
  if (error instanceof OutcomeUnknown) {
    return { code: 'unavailable', detail: 'The outcome is unknown: send the line again.' }
  }
  if (error instanceof StoreUnavailable) {
    return { code: 'unavailable', detail: 'The database is not available: send the line again.' }
  }
  c.env.runtime.log.error({ err: error, requestId: c.env.requestId }, 'a line of a bulk request failed')
  return { code: 'internal', detail: `Internal error ${c.env.requestId}.` }
}

async function* linesOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body ?? []) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop()!
    yield* lines
    // It is answered as a line that is not JSON, and what follows is not read.
    if (rest.length > MAX_LINE) break
  }
  if (rest !== '') yield rest
}
