import { z } from '@hono/zod-openapi'
import { deleteUser } from '../companies/delete-user.ts'
import { emailForms } from '../companies/emails.ts'
import { eraseUser, exportUser } from '../companies/erase-user.ts'
import { id } from '../companies/input.ts'
import { putUser } from '../companies/put.ts'
import { changeUser, requireUser, userFields } from '../companies/users.ts'
import { setPassword } from '../sign-in/password.ts'
import { allocateId } from '../store/queries/ids.ts'
import { findUserByEmail, listUsers, type UserRow } from '../store/queries/users.ts'
import { formatTime, json, jsonRow, momentText, nothing } from './answers.ts'
import { preconditionOf } from './etag.ts'
import { idempotently, ownAttempt } from './idempotency.ts'
import { toCamelNames } from './names.ts'
import { type AdminApp, addOperation } from './operation.ts'
import { idText, page, pageOf, pageQuery } from './paging.ts'

const tag = 'Users'
const path = '/users/{user_id}'
export const userParams = z.object({ user_id: idText })

const { passwordHash, locale, active, ...sameNames } = userFields
export const userBody = z
  .strictObject({
    ...sameNames,
    locale: locale.unwrap().optional(),
    active: active.unwrap().optional(),
    password_hash: passwordHash,
  })
  .openapi('UserInput')
const userPatch = userBody.partial().openapi('UserPatch')

const userSchema = z
  .object({
    user_id: id,
    email: z.string(),
    name: z.string(),
    locale: z.string(),
    timezone: z.string().nullable(),
    active: z.boolean(),
    has_password: z.boolean(),
    created_at: momentText,
  })
  .openapi('User')

const rows = z.array(z.record(z.string(), z.unknown()))
const exportSchema = z
  .object({
    user: z.record(z.string(), z.unknown()),
    memberships: rows,
    installations: rows,
    sessions: rows,
    audit_events: rows,
  })
  .openapi('UserExport')

export function representUser(row: UserRow): z.input<typeof userSchema> {
  const { user_id, email, name, locale, timezone, active, password_hash, created_at } = row
  return {
    user_id,
    email,
    name,
    locale,
    timezone,
    active: active === 1,
    has_password: password_hash !== null,
    created_at: formatTime(created_at),
  }
}

const one = { description: 'The user.', schema: userSchema }
const query = pageQuery.extend({
  search: z.string().max(200).optional().openapi({ description: 'A part of the name or the e-mail.' }),
  email: z.string().max(254).optional().openapi({ description: 'The e-mail to sign in with.' }),
})

export function addUserOperations(app: AdminApp) {
  addOperation(app, {
    method: 'get',
    path: '/users',
    scope: 'users:read',
    tag,
    summary: 'List users, in the order of their ids',
    query,
    answers: { 200: { description: 'A page of users.', schema: pageOf(userSchema) } },
    async handle({ runtime: { store }, query: { search, email, ...paging } }) {
      if (email !== undefined) {
        const user = await findUserByEmail(store, emailForms(email.toLowerCase()))
        return json({ data: user ? [representUser(user)] : [], next_cursor: null })
      }
      const only = search === undefined ? {} : { search }
      return json(
        await page(paging, part => listUsers(store, { ...only, ...part }), {
          keyOf: row => row.user_id,
          represent: representUser,
          schema: id,
        }),
      )
    },
  })

  addOperation(app, {
    method: 'post',
    path: '/users',
    scope: 'users:write',
    tag,
    summary: 'Create a user with a new id',
    body: userBody,
    headers: ['Idempotency-Key'],
    answers: { 201: one },
    problems: [409],
    handle: ({ runtime, body }, c) =>
      idempotently(c, { userId: () => allocateId(runtime.store, 'user') }, async ({ userId }, isRepeated) => {
        const { row } = await putUser(runtime, userId, toCamelNames(body), ownAttempt(isRepeated))
        return { status: 201, body: representUser(row), location: `/users/${userId}` }
      }),
  })

  addOperation(app, {
    method: 'get',
    path,
    scope: 'users:read',
    tag,
    summary: 'Read a user',
    params: userParams,
    answers: { 200: one },
    problems: [404],
    handle: async ({ runtime, params: { user_id } }) =>
      jsonRow(representUser(await requireUser(runtime.store, user_id))),
  })

  addOperation(app, {
    method: 'put',
    path,
    scope: 'users:write',
    tag,
    summary: 'Create or replace a user with an id of your own',
    description:
      'Without `password_hash` the password stays. The same hash again changes nothing, also after a sign-in has replaced it.',
    params: userParams,
    body: userBody,
    headers: ['If-Match', 'If-None-Match'],
    answers: { 200: { ...one, description: 'Replaced, or unchanged.' }, 201: { ...one, description: 'Created.' } },
    problems: [409, 412],
    async handle({ runtime, params: { user_id }, body }, c) {
      const { row, outcome } = await putUser(runtime, user_id, toCamelNames(body), preconditionOf(c, representUser))
      return jsonRow(representUser(row), outcome === 'created' ? 201 : 200)
    },
  })

  addOperation(app, {
    method: 'patch',
    path,
    scope: 'users:write',
    tag,
    summary: 'Change a user',
    description: '`"active": false` signs the user out everywhere and refuses their tokens from the next request on.',
    params: userParams,
    body: userPatch,
    headers: ['If-Match'],
    answers: { 200: one },
    problems: [404, 409, 412],
    handle: async ({ runtime, params: { user_id }, body }, c) => {
      const { timezone, ...change } = toCamelNames(body)
      const whole = timezone === undefined ? change : { ...change, timezone }
      return jsonRow(representUser(await changeUser(runtime, user_id, whole, preconditionOf(c, representUser))))
    },
  })

  addOperation(app, {
    method: 'delete',
    path,
    scope: 'users:write',
    tag,
    summary: 'Delete a user with every membership and session',
    description: 'The id is never given again; the e-mail may be used by another user.',
    params: userParams,
    answers: { 200: { description: 'Deleted.', schema: z.object({ user_id: id, deleted: z.literal(true) }) } },
    problems: [404],
    async handle({ runtime, params: { user_id } }) {
      await deleteUser(runtime, user_id)
      return json({ user_id, deleted: true })
    },
  })

  addOperation(app, {
    method: 'get',
    path: `${path}/export`,
    scope: 'users:read',
    tag,
    summary: 'Hand out everything that is known of a person',
    description: 'Also of a user who was deleted. Times are milliseconds since 1970.',
    params: userParams,
    answers: { 200: { description: 'Everything.', schema: exportSchema } },
    problems: [404],
    handle: async ({ runtime, params: { user_id } }) => json(await exportUser(runtime, user_id)),
  })

  addOperation(app, {
    method: 'post',
    path: `${path}/erase`,
    scope: 'users:write',
    tag,
    summary: 'Delete a user and remove everything that is known of them',
    description:
      'Their personal values in the audit log go as well; its chains stay whole. The id is never given again.',
    params: userParams,
    answers: { 200: { description: 'Erased.', schema: z.object({ user_id: id, erased: z.literal(true) }) } },
    problems: [404],
    async handle({ runtime, params: { user_id } }) {
      await eraseUser(runtime, user_id)
      return json({ user_id, erased: true })
    },
  })

  addOperation(app, {
    method: 'put',
    path: `${path}/password`,
    scope: 'users:write',
    tag,
    summary: 'Set a password',
    description: 'The user is signed out everywhere.',
    params: userParams,
    body: z.strictObject({ password: z.string().min(8).max(1024) }).openapi('PasswordInput'),
    answers: { 204: { description: 'Set.' } },
    problems: [404],
    async handle({ runtime, params: { user_id }, body: { password } }) {
      await setPassword(runtime, user_id, password)
      return nothing()
    },
  })
}
