import { z } from '@hono/zod-openapi'
import { deleteCompany } from '../companies/companies.ts'
import { deleteUser } from '../companies/delete-user.ts'
import { id } from '../companies/input.ts'
import { removeMember } from '../companies/memberships.ts'
import { type PutResult, putCompany, putMember, putUser } from '../companies/put.ts'
import type { Runtime } from '../config/runtime.ts'
import { companyBody } from './companies.ts'
import type { Subject } from './line-order.ts'
import { memberBody } from './members.ts'
import { toCamelNames } from './names.ts'
import { refuseNul } from './operation.ts'
import { AdminProblem, invalidFields } from './problem.ts'
import { mistakesOf } from './problem-schema.ts'
import type { AdminScope } from './scopes.ts'
import { userBody } from './users.ts'

const companyKey = { type: z.literal('company'), company_id: id }
const userKey = { type: z.literal('user'), user_id: id }
const memberKey = { type: z.literal('member'), company_id: id, user_id: id }
const isDeletion = { delete: z.literal(true) }

const putLine = z.discriminatedUnion(
  'type',
  [companyBody.extend(companyKey), userBody.extend(userKey), memberBody.extend(memberKey)],
  'must be company, user or member',
)
const deleteLine = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ ...companyKey, ...isDeletion }),
    z.strictObject({ ...userKey, ...isDeletion }),
    z.strictObject({ ...memberKey, ...isDeletion }),
  ],
  'must be company, user or member',
)

/** One line of a bulk request. */
export const lineSchema = z.union([putLine, deleteLine]).openapi('BulkLine')

export type BulkLine = z.output<typeof putLine> | z.output<typeof deleteLine>
export type BulkOutcome = PutResult<unknown>['outcome'] | 'deleted'

/** @throws {AdminProblem} 400 with each wrong field */
export function readLine(text: string): BulkLine {
  const value = parse(text)
  if (typeof value !== 'object' || value === null)
    throw new AdminProblem(400, 'invalid_request', 'The line must be an object.')
  const isDelete = 'delete' in value
  const checked = (isDelete ? deleteLine : putLine).safeParse(value)
  if (checked.success) {
    refuseNul(checked.data)
    return checked.data
  }
  throw invalidFields(mistakesOf(checked.error))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new AdminProblem(400, 'invalid_request', 'The line is not JSON.')
  }
}

/** What a line touches: lines about the same row are done in their order. A member needs its company and its user. */
export function subjectsOf(line: BulkLine): Subject[] {
  const alone = (name: string) => ({ name, isShared: false })
  const shared = (name: string) => ({ name, isShared: true })
  if (line.type === 'member') {
    const { company_id, user_id } = line
    return [shared(`company ${company_id}`), shared(`user ${user_id}`), alone(`member ${company_id} ${user_id}`)]
  }
  // Only one of them can have a domain or an e-mail.
  if (line.type === 'company') {
    return [alone(`company ${line.company_id}`), ...('domain' in line ? [alone(`domain ${line.domain}`)] : [])]
  }
  return [alone(`user ${line.user_id}`), ...('email' in line ? [alone(`email ${line.email}`)] : [])]
}

const SCOPES = { company: 'companies:write', user: 'users:write', member: 'members:write' } as const

export function scopeOf(line: BulkLine): AdminScope {
  return SCOPES[line.type]
}

/** Does what the line says. */
export async function applyLine(runtime: Runtime, line: BulkLine): Promise<BulkOutcome> {
  if ('delete' in line) {
    await remove(runtime, line)
    return 'deleted'
  }
  if (line.type === 'company') {
    const { type: _, company_id, ...company } = line
    return (await putCompany(runtime, company_id, company)).outcome
  }
  if (line.type === 'user') {
    const { type: _, user_id, ...user } = line
    return (await putUser(runtime, user_id, toCamelNames(user))).outcome
  }
  const { type: _, company_id, user_id, ...member } = line
  return (await putMember(runtime, { companyId: company_id, userId: user_id }, toCamelNames(member))).outcome
}

function remove(runtime: Runtime, line: z.output<typeof deleteLine>): Promise<unknown> {
  if (line.type === 'company') return deleteCompany(runtime, line.company_id)
  if (line.type === 'user') return deleteUser(runtime, line.user_id)
  return removeMember(runtime, line.company_id, line.user_id)
}
