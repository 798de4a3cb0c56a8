import type { Runtime } from '../config/runtime.ts'
import { type CompanyRow, findCompany } from '../store/queries/companies.ts'
import { findMember, type MembershipRow } from '../store/queries/memberships.ts'
import { findUser, type UserRow } from '../store/queries/users.ts'
import { changeCompany, createCompany, type NewCompany } from './companies.ts'
import { type Precondition, TakenError } from './input.ts'
import { addMember, changeMember, type MembershipProfile } from './memberships.ts'
import { changeUser, createUser, type NewUser } from './users.ts'

/** What putting a row has done; a repeated put leaves it unchanged. */
export interface PutResult<Row> {
  row: Row
  outcome: 'created' | 'replaced' | 'unchanged'
}

/** How a row of a kind is found, created and changed. */
interface Puttable<Row> {
  find(): Promise<Row | undefined>
  create(): Promise<Row>
  /** To what `create` would have made. */
  replace(before: Row, precondition: Precondition<Row>): Promise<Row>
}

/** A company with an id of the platform's own: created, or replaced. What is left out is as for a new one. */
export function putCompany(
  runtime: Runtime,
  companyId: number,
  { suspended = false, ...company }: Omit<NewCompany, 'companyId'> & { suspended?: boolean | undefined },
  precondition?: Precondition<CompanyRow>,
): Promise<PutResult<CompanyRow>> {
  return put(
    {
      find: () => findCompany(runtime.store, companyId),
      async create() {
        const row = await createCompany(runtime, { ...company, companyId })
        return suspended ? changeCompany(runtime, companyId, { suspended }) : row
      },
      replace(_, holds) {
        const { name, domain, country = null, industry = null } = company
        return changeCompany(runtime, companyId, { name, domain, country, industry, suspended }, holds)
      },
    },
    precondition,
  )
}

/** A user with an id of the platform's own: created, or replaced. A password stays if no hash is given. */
export function putUser(
  runtime: Runtime,
  userId: number,
  user: Omit<NewUser, 'userId'>,
  precondition?: Precondition<UserRow>,
): Promise<PutResult<UserRow>> {
  return put(
    {
      async find() {
        const row = await findUser(runtime.store, userId)
        if (row && row.deleted_at !== null) {
          throw new TakenError(`The id ${userId} belonged to a user who was deleted, and is never given again.`)
        }
        return row
      },
      create: () => createUser(runtime, { ...user, userId }),
      replace(_, holds) {
        const { locale = 'en_US', timezone = null, active = true, ...same } = user
        return changeUser(runtime, userId, { ...same, locale, timezone, active }, holds)
      },
    },
    precondition,
  )
}

/** A membership: created, or replaced. What is left out is taken from the user. */
export function putMember(
  runtime: Runtime,
  { companyId, userId }: { companyId: number; userId: number },
  member: MembershipProfile,
  precondition?: Precondition<MembershipRow>,
): Promise<PutResult<MembershipRow>> {
  return put(
    {
      find: () => findMember(runtime.store, companyId, userId),
      create: () => addMember(runtime, { ...member, companyId, userId }),
      async replace(_, holds) {
        const user = (await findUser(runtime.store, userId))!
        const { name, email, locale, timezone } = user
        const defaults = { phone: null, currency: 'USD', isAdmin: false, roleId: 1, iconUrl: null, active: true }
        return changeMember(
          runtime,
          companyId,
          userId,
          { name, email, locale, timezone, ...defaults, ...member },
          holds,
        )
      },
    },
    precondition,
  )
}

async function put<Row extends object>(
  { find, create, replace }: Puttable<Row>,
  precondition: Precondition<Row> = () => {},
): Promise<PutResult<Row>> {
  const before = await find()
  if (before) {
    let latest: Row = before as Row
    const row = await replace(before, read => {
      latest = read!
      precondition(read)
    })
    return { row, outcome: row === latest ? 'unchanged' : 'replaced' }
  }
  precondition(undefined)
  try {
    const created: Row = (await create()) as Row
    return { row: created, outcome: 'created' }
  } catch (error) {
    // Another request was faster: then it is replaced.
    if (!(error instanceof TakenError) || !(await find())) throw error
    return put({ find, create, replace }, precondition)
  }
}
