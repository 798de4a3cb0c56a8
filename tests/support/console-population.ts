import type { Runtime } from '../../packages/server/src/config/runtime.ts'

export interface Size {
  companies: number
  members: number
  apps: number
  events: number
}

export const NONE: Size = { companies: 0, members: 0, apps: 0, events: 0 }

/** What a company and its platform may have, and much more of it. */
export const SOME: Size = { companies: 2, members: 1100, apps: 100, events: 1000 }
export const MANY: Size = { companies: 40, members: 10_000, apps: 500, events: 100_000 }

/** Apps that everyone uses, as many as are on a page; each other one has few people. */
const POPULAR = 50
const FEW = 100
const FIRST = 100_000

/** Where rows are added, and the apps that were registered there. */
export interface Place {
  runtime: Runtime
  companyId: number
  /** An app that everyone uses, whose registration is copied for the others. */
  app: string
  /** One that is installed for the company. */
  forAll: string
  isPostgres: boolean
}

/** Adds what is missing between two sizes: companies, members, apps, installations, requests, events. */
export async function grow(
  { runtime, companyId, app, forAll, isPostgres }: Place,
  from: Size,
  to: Size,
): Promise<void> {
  async function execute(sql: string) {
    await runtime.store.write([{ sql: `/* what there is */ ${sql}`, parameters: [] }])
  }

  /** Rows for each `i` from `from` to `to`. */
  async function insert(table: string, expressions: Record<string, string | number>, from: number, to: number) {
    if (to <= from) return
    await execute(`INSERT INTO ${table} (${Object.keys(expressions).join()})
      WITH RECURSIVE n (i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${to - 1})
      SELECT ${Object.values(expressions).join()} FROM n`)
  }

  const copyOf = (
    table: string,
    keys: string,
    values: string,
    from: number,
    to: number,
  ) => `INSERT INTO ${table} (${keys})
    WITH RECURSIVE n (i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${to - 1}) ${values}`

  const user = {
    email: "'u' || i || '@mi6.example'",
    name: "'Agent ' || i",
    locale: "'en_US'",
    active: 1,
    created_at: 1,
  }
  const [first, last] = [FIRST + from.members, FIRST + to.members]
  await insert('users', { user_id: 'i', ...user }, first, last)
  await insert(
    'companies',
    { company_id: 'i', name: "'C' || i", domain: "'c' || i", created_at: 1 },
    1000 + from.companies,
    1000 + to.companies,
  )
  const member = {
    name: "'Agent ' || i",
    email: user.email,
    locale: user.locale,
    currency: "'USD'",
    is_admin: 0,
    role_id: 0,
  }
  const flags = { has_created_company: 0, active: 1, user_active: 1, created_at: 1 }
  await insert('memberships', { company_id: companyId, user_id: 'i', ...member, ...flags }, first, last)
  for (let company = from.companies; company < to.companies; company++) {
    await insert('memberships', { company_id: 1000 + company, user_id: 'i', ...member, ...flags }, FIRST, FIRST + 250)
  }
  const row = await runtime.store.db
    .selectFrom('apps')
    .selectAll()
    .where('client_id', '=', app)
    .executeTakeFirstOrThrow()
  const columns = Object.keys(row).filter(name => name !== 'client_id' && name !== 'name' && name !== 'wire')
  const values = `SELECT 'app' || i, 'App ' || i, ${columns.join()} FROM apps, n WHERE client_id = '${app}'`
  await execute(copyOf('apps', ['client_id', 'name', ...columns].join(), values, from.apps, to.apps))
  const installation = (app: string, userId: string) => ({
    company_id: companyId,
    user_id: userId,
    client_id: app,
    scopes: "'base'",
    created_at: 1,
    updated_at: 1,
  })
  // Everyone uses one of them.
  await insert('installations', installation(`'${app}'`, 'i'), first, last)
  for (let each = 0; each < POPULAR; each++)
    await insert('installations', installation(`'app${each}'`, 'i'), first, last)
  for (let app = Math.max(from.apps, POPULAR); app < to.apps; app++) {
    await insert('installations', installation(`'app${app}'`, 'i'), FIRST, FIRST + FEW)
  }
  const access = { company_id: companyId, client_id: `'${forAll}'`, user_id: 'i', access: "'excluded'" }
  await insert('member_access', access, first, last)
  const request = (app: string) => ({
    company_id: companyId,
    client_id: app,
    user_id: 'i',
    scopes: "'base'",
    reason: "'For reports'",
    requested_at: 'i',
  })
  for (let app = 0; app < 5; app++) await insert('app_requests', request(`'app${app}'`), first, last)
  const event = {
    event_id: "(1768478400000 + i) || '-0'",
    seq: '10 + i',
    action: "'app.changed'",
    actor_type: "'library'",
    entry: `'{"at":"2026-01-15T12:00:00.000Z"}'`,
  }
  for (const company_id of [0, companyId])
    await insert('audit_events', { company_id, ...event }, from.events, to.events)
  await execute(`UPDATE apps SET company_id = ${companyId}, published_at = 1 WHERE client_id LIKE 'app%'`)
  const owner = { company_id: companyId, client_id: "'app' || i", user_id: FIRST, added_at: 1 }
  await insert('app_owners', owner, from.apps, to.apps)
  const delivery = { company_id: companyId, client_id: "'app1'", attempted_at: `${row.created_at} + i`, user_id: FIRST }
  const told = { ended_at: 1, attempt: 1, status: 200, body: "'{}'", expires_at: '9768478400000' }
  await insert('callback_deliveries', { ...delivery, ...told }, from.events, to.events)
  if (isPostgres) await execute('ANALYZE')
}

/** The pages of the consoles for someone who is an administrator of the company and an operator. */
export function consolePages({ companyId, app, forAll }: Pick<Place, 'companyId' | 'app' | 'forAll'>, userId: number) {
  return [
    '/account',
    ...['', '?page=2', '/members', '/requests', '/rules', '/log', '/developer'].map(
      rest => `/company/${companyId}${rest}`,
    ),
    ...[app, forAll, 'app1'].map(id => `/company/${companyId}/apps/${id}`),
    ...['', '/deliveries'].map(rest => `/company/${companyId}/developer/apps/app1${rest}`),
    ...['', '/search', '/callbacks', '/log'].map(rest => `/operator${rest}`),
    `/operator/users/${userId}`,
    `/operator/companies/${companyId}`,
    ...['', '/deliveries'].map(rest => `/operator/apps/app1${rest}`),
  ]
}
