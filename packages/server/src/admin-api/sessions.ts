import { z } from '@hono/zod-openapi'
import { recordEvent } from '../audit/record.ts'
import { endSessionsOfUser } from '../companies/end-sessions.ts'
import { id, NotFoundError } from '../companies/input.ts'
import { requireUser } from '../companies/users.ts'
import { endStatements } from '../sign-in/session.ts'
import { findSession, listSessionsOfUser } from '../store/queries/sessions.ts'
import { retryOnConflict } from '../store/store.ts'
import { formatTime, formatTimeOrNull, json, momentText, nothing } from './answers.ts'
import { type AdminApp, addOperation } from './operation.ts'
import { userParams } from './users.ts'

const tag = 'Sessions'
const path = '/users/{user_id}/sessions'

const sessionSchema = z
  .object({
    session_id: z.string(),
    user_id: id,
    device: z.string().nullable().openapi({ description: 'Browser and system, such as `Firefox · Linux`.' }),
    created_at: momentText,
    last_used_at: momentText.nullable().openapi({ description: 'To ten minutes.' }),
    expires_at: momentText,
  })
  .openapi('Session')

export function addSessionOperations(app: AdminApp) {
  addOperation(app, {
    method: 'get',
    path,
    scope: 'sessions:read',
    tag,
    summary: 'List the browsers in which a user is signed in, the newest first',
    params: userParams,
    answers: { 200: { description: 'The sessions.', schema: z.object({ data: z.array(sessionSchema) }) } },
    problems: [404],
    async handle({ runtime: { store, clock }, params: { user_id } }) {
      await requireUser(store, user_id)
      const rows = await listSessionsOfUser(store, user_id)
      const data = rows
        .filter(row => row.expires_at > clock())
        .map(row => ({
          // The hash of the cookie's value, which cannot be turned back.
          session_id: Buffer.from(row.session_hash).toString('hex'),
          user_id,
          device: row.device,
          created_at: formatTime(row.created_at),
          last_used_at: formatTimeOrNull(row.last_used_at),
          expires_at: formatTime(row.expires_at),
        }))
      return json({ data })
    },
  })

  addOperation(app, {
    method: 'delete',
    path,
    scope: 'sessions:write',
    tag,
    summary: 'Sign a user out everywhere',
    description: 'Tokens of apps stay.',
    params: userParams,
    answers: { 204: { description: 'Signed out.' } },
    problems: [404],
    async handle({ runtime, params: { user_id } }) {
      const { store } = runtime
      await requireUser(store, user_id)
      const event = recordEvent(runtime, { action: 'sessions.ended', userId: user_id })
      await retryOnConflict(async () => store.write([...(await endSessionsOfUser(runtime, user_id)), event]))
      return nothing()
    },
  })

  addOperation(app, {
    method: 'delete',
    path: `${path}/{session_id}`,
    scope: 'sessions:write',
    tag,
    summary: 'Sign a user out of one browser',
    params: userParams.extend({ session_id: z.string().regex(/^[0-9a-f]{64}$/, 'must be the id of a session') }),
    answers: { 204: { description: 'Signed out.' } },
    problems: [404],
    async handle({ runtime, params: { user_id, session_id } }) {
      const { store } = runtime
      const event = recordEvent(runtime, { action: 'sessions.ended', userId: user_id, facts: { session_id } })
      const session = await findSession(store, Buffer.from(session_id, 'hex'))
      if (session?.user_id !== user_id) throw new NotFoundError(`User ${user_id} has no such session.`)
      await retryOnConflict(async () => store.write([...(await endStatements(runtime, session)), event]))
      return nothing()
    },
  })
}
