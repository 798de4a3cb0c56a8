import { createHash } from 'node:crypto'
import { type Precondition, TakenError } from '../companies/input.ts'
import { decrypt, encrypt } from '../config/keys.ts'
import {
  findIdempotencyKey,
  type IdempotencyKeyRow,
  insertIdempotencyKey,
  setIdempotentAnswer,
} from '../store/queries/idempotency-keys.ts'
import { json } from './answers.ts'
import type { AdminContext } from './environment.ts'
import { ADMIN_PATH } from './environment.ts'
import { etagOf } from './etag.ts'
import { AdminProblem } from './problem.ts'

const DAY = 24 * 3600 * 1000
const KEY = /^[\x20-\x7e]{1,255}$/

interface Answer {
  status: number
  body: object
  /** Below the path of the API. */
  location?: string
}

type Plan = Record<string, unknown>
type Planners<P extends Plan> = { [Name in keyof P]: () => Promise<P[Name]> | P[Name] }

/**
 * Creates something once for an `Idempotency-Key`: repeated within a day, the first answer is given again, secrets included.
 * Ids and secrets are chosen and written down, encrypted, before anything is made. A request that was cut off, or is
 * sent twice at once, makes what is written down and not something else.
 * @param planners choose what must be the same in every attempt
 * @param create makes it as planned. `isRepeated` says that an earlier attempt may have made it already
 * @throws {AdminProblem} 400 for a key that is malformed, 409 for one that was used for another request
 */
export async function idempotently<P extends Plan>(
  c: AdminContext,
  planners: Planners<P>,
  create: (plan: P, isRepeated: boolean) => Promise<Answer>,
): Promise<Response> {
  const given = c.req.header('Idempotency-Key')
  if (given === undefined) return respond(await create(await choose(planners), false))
  if (!KEY.test(given)) {
    const message = 'must be 1 to 255 ASCII characters'
    throw new AdminProblem(400, 'invalid_request', `Idempotency-Key ${message}.`, {
      errors: [{ path: 'Idempotency-Key', message }],
    })
  }
  const { store, keys, clock } = c.env.runtime
  const requestKey = digest(given)
  const requestHash = digest(`${c.req.method} ${new URL(c.req.url).pathname}\n${await c.req.text()}`)
  const owner = `${c.var.key.key_id} ${requestKey.toString('hex')}`
  const known = await findIdempotencyKey(store, c.var.key.key_id, requestKey)
  const row = known ?? (await remember())
  if (!Buffer.from(row.request_hash).equals(requestHash)) {
    throw new AdminProblem(
      409,
      'idempotency_key_reused',
      'This Idempotency-Key was used for another request within the last day. Choose a new one.',
    )
  }
  if (row.answer !== null) return respond(open<Answer>(row.answer))
  const answer = await create(open<P>(row.plan), true)
  await store.write([setIdempotentAnswer(store, row, encrypt(keys, JSON.stringify(answer), owner))])
  return respond(answer)

  async function remember(): Promise<IdempotencyKeyRow> {
    const first: IdempotencyKeyRow = {
      key_id: c.var.key.key_id,
      request_key: requestKey,
      request_hash: requestHash,
      plan: encrypt(await keys.ready(), JSON.stringify(await choose(planners)), owner),
      answer: null,
      expires_at: clock() + DAY,
    }
    await store.write([insertIdempotencyKey(store, first)])
    return (await findIdempotencyKey(store, first.key_id, requestKey)) ?? first
  }

  function open<Value>(sealed: string): Value {
    const text = decrypt(keys, sealed, owner)
    if (text === undefined) {
      throw new AdminProblem(
        409,
        'conflict',
        'The earlier answer cannot be read any more: the secrets of the server were changed. Choose a new Idempotency-Key.',
      )
    }
    return JSON.parse(text) as Value
  }
}

/** Only an earlier attempt of the same request may have made what is to be created. */
export function ownAttempt(isRepeated: boolean): Precondition<unknown> {
  return before => {
    if (before !== undefined && !isRepeated) throw new TakenError('Its new id was taken at this moment. Try again.')
  }
}

async function choose<P extends Plan>(planners: Planners<P>): Promise<P> {
  const plan: Plan = {}
  for (const [name, planner] of Object.entries(planners)) plan[name] = await planner()
  return plan as P
}

function respond({ status, body, location }: Answer): Response {
  return json(body, status, {
    ETag: etagOf(body),
    ...(location !== undefined && { Location: ADMIN_PATH + location }),
  })
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
