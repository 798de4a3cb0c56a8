import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAdminClient, pages } from '@tenantry/admin'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium, newContext } from './support/chromium.ts'
import { freePort } from './support/free-port.ts'
import { makeDatabase, postgresUrl } from './support/postgres.ts'
import { lastingPort, REPOSITORY, runCommand, startCommand, temporaryFolder } from './support/sandbox-process.ts'

const SECRETS = 'a secret that is long enough for a test'

describe.skipIf(!postgresUrl)('a platform with its own tables and its own sign-in', { timeout: 180_000 }, () => {
  const folder = temporaryFolder()
  let database: Awaited<ReturnType<typeof makeDatabase>>
  let tables: postgres.Sql
  let provider: ChildProcess
  let platform: ChildProcess
  let origin: string
  let platformPort: string
  let adminKey: string

  const data = () => ['--data', join(folder.path, 'data')]
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCommand([...args, ...data(), '--json'], {
      environment: { TENANTRY_SECRETS: SECRETS },
    })
    expect([code, stderr]).toEqual([0, ''])
    return JSON.parse(stdout) as Record<string, string>
  }

  beforeAll(async () => {
    mkdirSync(join(folder.path, 'data'), { recursive: true })
    database = await makeDatabase()
    tables = postgres(database.url, { max: 2, onnotice: () => {} })
    platformPort = await lastingPort()
    const port = await freePort()
    origin = `http://localhost:${port}`
    const config = join(folder.path, 'config.json')
    writeFileSync(
      config,
      JSON.stringify({
        origin,
        port,
        mode: 'development',
        data: join(folder.path, 'data'),
        login: { url: `http://localhost:${platformPort}/login`, signOutUrl: `http://localhost:${platformPort}/logout` },
      }),
    )
    await runCommand(['migrate', ...data()])
    adminKey = (await run('admin-key', 'create', '--name', 'the platform', '--scope', '*')).admin_key!
    provider = startCommand(['serve', '--config', config], { TENANTRY_SECRETS: SECRETS })
    await said(provider, /"msg":"ready"/)
    await startPlatform()
  }, 120_000)
  afterAll(async () => {
    platform?.kill('SIGKILL')
    provider?.kill('SIGTERM')
    await tables?.end()
    await database?.remove()
    folder.remove()
  })

  function said(child: ChildProcess, words: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      createInterface({ input: child.stdout! }).on('line', line => words.test(line) && resolve())
      child.once('exit', code => reject(new Error(`it ended with ${code}`)))
    })
  }

  async function startPlatform() {
    platform = spawn(process.execPath, ['--conditions=@tenantry/source', 'src/main.ts'], {
      cwd: join(REPOSITORY, 'examples/existing-platform'),
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: database.url,
        TENANTRY_ORIGIN: origin,
        TENANTRY_ADMIN_KEY: adminKey,
        PORT: platformPort,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await said(platform, /The platform is at/)
  }

  /** Everyone and everything at the provider, in the platform's own words. */
  async function atTheProvider() {
    const admin = createAdminClient({ origin, key: adminKey })
    const companies: string[] = []
    const people: string[] = []
    const employments: string[] = []
    const page = (cursor: string | undefined) => ({
      params: { query: { limit: 1000, ...(cursor !== undefined && { cursor }) } },
    })
    for await (const each of pages(cursor => admin.GET('/admin/v1/companies', page(cursor)))) {
      companies.push(`${each.company_id} ${each.name} ${each.domain}`)
      const members = pages(cursor =>
        admin.GET('/admin/v1/companies/{company_id}/members', {
          params: { ...page(cursor).params, path: { company_id: each.company_id } },
        }),
      )
      for await (const member of members) employments.push(`${each.company_id} ${member.user_id} ${member.is_admin}`)
    }
    for await (const each of pages(cursor => admin.GET('/admin/v1/users', page(cursor)))) {
      people.push(`${each.user_id} ${each.name} ${each.email} ${each.active}`)
    }
    return [companies.toSorted(), people.toSorted(), employments.toSorted()]
  }

  async function inItsTables() {
    const companies = await tables`SELECT id, name, subdomain FROM companies`
    const people = await tables`SELECT id, name, email, blocked FROM people`
    const employments = await tables`SELECT company_id, person_id, is_admin FROM employments`
    return [
      companies.map(({ id, name, subdomain }) => `${id} ${name} ${subdomain}`).toSorted(),
      people.map(({ id, name, email, blocked }) => `${id} ${name} ${email} ${!blocked}`).toSorted(),
      employments.map(({ company_id, person_id, is_admin }) => `${company_id} ${person_id} ${is_admin}`).toSorted(),
    ]
  }

  const outboxIsEmpty = () =>
    expect.poll(async () => (await tables`SELECT last_error FROM outbox`).map(each => each.last_error)).toEqual([])

  it('a person signs in on the platform’s page, is known to the provider, and allows an app; a second app asks for no password', async () => {
    await outboxIsEmpty()
    const callback = `http://127.0.0.1:${await freePort()}/callback`
    const app = await run('app', 'create', '--name', 'Notes', '--redirect-uri', callback, '--public')
    const query = {
      client_id: app.client_id!,
      redirect_uri: callback,
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    }
    const authorize = `${origin}/oauth/authorize?${new URLSearchParams({ ...query, state: 's' })}`
    const browser = await launchChromium()
    const context = await newContext(browser)
    const page = await context.newPage()
    let answered = ''
    await page.route(`${callback}**`, route => {
      answered = route.request().url()
      return route.fulfill({ body: 'the app' })
    })
    await page.goto(authorize)
    expect(new URL(page.url()).port).toBe(platformPort)
    await page.fill('input[name=email]', 'ada@analytical.example')
    await page.fill('input[name=password]', 'engine-no-1')
    await page.click('button')
    await page.click('label:has-text("Difference Ltd")')
    await page.click('main form button[type=submit]')
    await page.click('button[value=allow]')
    await page.waitForURL(url => url.pathname === '/callback')
    expect(answered).toMatch(/[?&]code=/)
    // Signed out at the provider only, the platform's session still stands: no page in between.
    await context.clearCookies({ name: 'tenantry_session' })
    await page.goto(authorize)
    expect(await page.textContent('main')).toContain('Difference Ltd')
    await browser.close()
  })

  it('whatever dies in between, nothing that was committed in the tables is lost on the way', async () => {
    const random = (max: number) => Math.floor(Math.random() * max)
    const ids = async (table: string) =>
      (await tables.unsafe(`SELECT id FROM ${table} ORDER BY random() LIMIT 3`)).map(({ id }) => id)
    let last = 0
    const change = async () => {
      last += 1
      const [company] = await ids('companies')
      const [person, other = person] = await ids('people')
      await tables.begin(async sql => {
        const kind = random(8)
        if (kind === 0)
          await sql`INSERT INTO companies (name, subdomain) VALUES (${`Company ${last}`}, ${`company-${last}`})`
        if (kind <= 3)
          await sql`INSERT INTO people (email, name, password_hash) VALUES (${`p${last}@q.example`}, ${`P ${last}`}, 'x')`
        if (kind === 4) await sql`UPDATE people SET name = ${`Renamed ${last}`} WHERE id = ${person}`
        if (kind === 5) await sql`UPDATE people SET blocked = NOT blocked WHERE id = ${person} AND id > 1`
        if (kind === 6 && last % 5 === 0) await sql`DELETE FROM people WHERE id = ${other} AND id > 1`
        if (kind === 7) await sql`DELETE FROM employments WHERE person_id = ${other} AND person_id > 1`
        await sql`INSERT INTO employments (company_id, person_id, is_admin) SELECT ${company}, id, ${random(2) === 1} FROM people WHERE id = ${person}
          ON CONFLICT (company_id, person_id) DO UPDATE SET is_admin = EXCLUDED.is_admin`
      })
    }
    let isOver = false
    const changing = (async () => {
      while (!isOver) {
        await change()
        await sleep(3)
      }
    })()
    for (let kill = 0; kill < 12; kill++) {
      await sleep(50 + random(400))
      platform.kill('SIGKILL')
      await new Promise(resolve => platform.once('close', resolve))
      await startPlatform()
    }
    isOver = true
    await changing
    expect(last).toBeGreaterThan(300)
    await outboxIsEmpty()
    expect(await atTheProvider()).toEqual(await inItsTables())
  })
})
