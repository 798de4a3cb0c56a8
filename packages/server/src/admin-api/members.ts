import { z } from '@hono/zod-openapi'
import { requireCompany } from '../companies/companies.ts'
import { id, NotFoundError } from '../companies/input.ts'
import { changeMember, memberFields, removeMember } from '../companies/memberships.ts'
import { putMember } from '../companies/put.ts'
import { requireUser } from '../companies/users.ts'
import { findMember, listMembers, listMembershipsOfUser, type MembershipRow } from '../store/queries/memberships.ts'
import { formatTime, formatTimeOrNull, json, jsonRow, momentText, nothing } from './answers.ts'
import { preconditionOf } from './etag.ts'
import { toCamelNames } from './names.ts'
import { type AdminApp, addOperation } from './operation.ts'
import { idText, page, pageOf, pageQuery } from './paging.ts'

const tag = 'Members'
const list = '/companies/{company_id}/members'
const path = `${list}/{user_id}`
export const memberParams = z.object({ company_id: idText, user_id: idText })

const { isAdmin, roleId, iconUrl, ...sameNames } = memberFields
export const memberBody = z
  .strictObject({ ...sameNames, is_admin: isAdmin, role_id: roleId, icon_url: iconUrl })
  .partial()
  .openapi('MemberInput')

const memberSchema = z
  .object({
    company_id: id,
    user_id: id,
    name: z.string(),
    email: z.string(),
    phone: z.string().nullable(),
    locale: z.string(),
    timezone: z.string().nullable(),
    currency: z.string(),
    is_admin: z.boolean(),
    role_id: z.int(),
    icon_url: z.string().nullable(),
    active: z.boolean(),
    user_active: z.boolean().openapi({ description: 'Whether the user is active at all.' }),
    created_at: momentText,
    modified_at: momentText.nullable(),
    last_login_at: momentText.nullable(),
  })
  .openapi('Member')

export function representMember(row: MembershipRow): z.input<typeof memberSchema> {
  return {
    ...versionOf(row),
    user_active: row.user_active === 1,
    created_at: formatTime(row.created_at),
    modified_at: formatTimeOrNull(row.modified_at),
    last_login_at: formatTimeOrNull(row.last_login_at),
  }
}

/** What an administrator can change: a sign-in makes no new version. */
function versionOf(row: MembershipRow) {
  const { company_id, user_id, name, email, phone, locale, timezone, currency, is_admin, role_id, icon_url, active } =
    row
  return {
    company_id,
    user_id,
    name,
    email,
    phone,
    locale,
    timezone,
    currency,
    is_admin: is_admin === 1,
    role_id,
    icon_url,
    active: active === 1,
  }
}

const one = { description: 'The member.', schema: memberSchema }
const respond = (row: MembershipRow, status = 200) => jsonRow(representMember(row), status, versionOf(row))

export function addMemberOperations(app: AdminApp) {
  addOperation(app, {
    method: 'get',
    path: list,
    scope: 'members:read',
    tag,
    summary: 'List the members of a company, in the order of their ids',
    params: memberParams.pick({ company_id: true }),
    query: pageQuery,
    answers: { 200: { description: 'A page of members.', schema: pageOf(memberSchema) } },
    problems: [404],
    async handle({ runtime: { store }, params: { company_id }, query }) {
      await requireCompany(store, company_id)
      return json(
        await page(query, part => listMembers(store, { companyId: company_id, ...part }), {
          keyOf: row => row.user_id,
          represent: representMember,
          schema: id,
        }),
      )
    },
  })

  addOperation(app, {
    method: 'get',
    path: '/users/{user_id}/memberships',
    scope: 'members:read',
    tag,
    summary: 'List the memberships of a user, in the order of the companies',
    params: memberParams.pick({ user_id: true }),
    answers: { 200: { description: 'The memberships.', schema: z.object({ data: z.array(memberSchema) }) } },
    problems: [404],
    async handle({ runtime: { store }, params: { user_id } }) {
      await requireUser(store, user_id)
      return json({ data: (await listMembershipsOfUser(store, user_id)).map(representMember) })
    },
  })

  addOperation(app, {
    method: 'get',
    path,
    scope: 'members:read',
    tag,
    summary: 'Read a member',
    params: memberParams,
    answers: { 200: one },
    problems: [404],
    async handle({ runtime: { store }, params: { company_id, user_id } }) {
      const row = await findMember(store, company_id, user_id)
      if (!row) throw new NotFoundError(`User ${user_id} is not a member of company ${company_id}.`)
      return respond(row)
    },
  })

  addOperation(app, {
    method: 'put',
    path,
    scope: 'members:write',
    tag,
    summary: 'Make a user a member of a company, or replace what the company knows of them',
    description: 'What is left out is taken from the user. A changed e-mail changes no identity.',
    params: memberParams,
    body: memberBody,
    headers: ['If-Match', 'If-None-Match'],
    answers: { 200: { ...one, description: 'Replaced, or unchanged.' }, 201: { ...one, description: 'Created.' } },
    problems: [404, 412],
    async handle({ runtime, params: { company_id, user_id }, body }, c) {
      const key = { companyId: company_id, userId: user_id }
      const { row, outcome } = await putMember(runtime, key, toCamelNames(body), preconditionOf(c, versionOf))
      return respond(row, outcome === 'created' ? 201 : 200)
    },
  })

  addOperation(app, {
    method: 'patch',
    path,
    scope: 'members:write',
    tag,
    summary: 'Change what a company knows of a member',
    description: '`"active": false` refuses their tokens at this company from the next request on.',
    params: memberParams,
    body: memberBody,
    headers: ['If-Match'],
    answers: { 200: one },
    problems: [404, 412],
    async handle({ runtime, params: { company_id, user_id }, body }, c) {
      const precondition = preconditionOf(c, versionOf)
      return respond(await changeMember(runtime, company_id, user_id, toCamelNames(body), precondition))
    },
  })

  addOperation(app, {
    method: 'delete',
    path,
    scope: 'members:write',
    tag,
    summary: 'End a membership, with its installations and their tokens',
    description: 'Apps get uninstall callbacks.',
    params: memberParams,
    answers: { 204: { description: 'Ended.' } },
    problems: [404],
    async handle({ runtime, params: { company_id, user_id } }) {
      await removeMember(runtime, company_id, user_id)
      return nothing()
    },
  })
}
