import { createAdminClient } from '@tenantry/admin'
import express, { type NextFunction, type Request, type Response } from 'express'
import { Pool } from 'pg'
import { addLogin, escapeHtml, findPerson, hashPassword } from './login.ts'
import { emptyOutbox } from './outbox.ts'
import { schema } from './schema.ts'

const { DATABASE_URL, TENANTRY_ORIGIN = 'http://localhost:4040', TENANTRY_ADMIN_KEY, PORT = '4060' } = process.env
if (!DATABASE_URL || !TENANTRY_ADMIN_KEY) {
  console.error(
    'Set DATABASE_URL, the platform’s own PostgreSQL database, and TENANTRY_ADMIN_KEY, from `tenantry admin-key create`.',
  )
  process.exit(1)
}

const pool = new Pool({ connectionString: DATABASE_URL })
pool.on('error', error => console.error('a database connection was lost:', error.message))
await pool.query(schema)
await addSample()

const tenantry = { origin: TENANTRY_ORIGIN, key: TENANTRY_ADMIN_KEY }
const app = express()
addLogin(app, pool, createAdminClient(tenantry))
app.get('/', async (request, response) => {
  const person = await findPerson(pool, request)
  if (!person) return response.redirect(303, '/login')
  response
    .type('html')
    .send(`<!doctype html><title>Existing Platform</title><main style="font-family: system-ui; margin: 4rem auto; max-width: 30rem">
<h1>Good day, ${escapeHtml(person.name)}</h1><p><a href="${TENANTRY_ORIGIN}/connected-apps">Connected apps</a> · <a href="/logout">Sign out</a></p></main>`)
})

// What people see when the provider or the database is away; the reason is for the log.
app.use((error: Error, _request: Request, response: Response, _next: NextFunction) => {
  console.error(error)
  response.status(503).type('text').send('This cannot be done at the moment. Go back and try again in a minute.')
})

const stopping = new AbortController()
const sending = emptyOutbox(pool, tenantry, stopping.signal)
const server = app.listen(Number(PORT), '127.0.0.1', () => {
  const { port } = server.address() as { port: number }
  console.log(
    `The platform is at http://localhost:${port}: sign in as ada@analytical.example, with the password engine-no-1.`,
  )
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    stopping.abort()
    server.close()
    await sending
    await pool.end()
  })
}

/** The people that the platform has had all along. */
async function addSample() {
  const { rows } = await pool.query('SELECT 1 FROM people LIMIT 1')
  if (rows.length > 0) return
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(`INSERT INTO companies (id, name, subdomain) VALUES (1, 'Analytical Engines', 'analytical'), (2, 'Difference Ltd', 'difference')
      ON CONFLICT DO NOTHING`)
    await client.query(
      `INSERT INTO people (id, email, name, language, password_hash) VALUES (1, 'ada@analytical.example', 'Ada Lovelace', 'en_GB', $1) ON CONFLICT DO NOTHING`,
      [await hashPassword('engine-no-1')],
    )
    await client.query(
      'INSERT INTO employments (company_id, person_id, is_admin) VALUES (1, 1, true), (2, 1, false) ON CONFLICT DO NOTHING',
    )
    for (const table of ['companies', 'people']) {
      await client.query(`SELECT setval(pg_get_serial_sequence('${table}', 'id'), 1000, false)`)
    }
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}
