/** `npm run bench:consoles`: what each page of the consoles costs beside itself, with up to a hundred times as much that is not on it. */
import { join } from 'node:path'
import { setCompanyPolicy } from '../packages/server/src/apps/app-policies.ts'
import { createApp } from '../packages/server/src/apps/apps.ts'
import { createCompany } from '../packages/server/src/companies/companies.ts'
import { addMember } from '../packages/server/src/companies/memberships.ts'
import { addOperator } from '../packages/server/src/companies/operators.ts'
import { createUser } from '../packages/server/src/companies/users.ts'
import { createTenantry, type Tenantry } from '../packages/server/src/server.ts'
import { setPassword } from '../packages/server/src/sign-in/password.ts'
import { consolePages, grow, MANY, NONE, SOME } from '../tests/support/console-population.ts'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'

const ORIGIN = 'http://localhost:4040'
const [EMAIL, PASSWORD] = ['james.bond@mi6.example', 'shaken-not-stirred']
const [COMPANY, USER] = [1, 777]
const ROUNDS = 30

const folder = temporaryFolder()
const url = process.env.TENANTRY_BENCH_POSTGRES
const tenantry = createTenantry({
  store: url === undefined ? { path: join(folder.path, 'tenantry.db') } : { url },
  secrets: ['a secret of the benchmark that is long enough'],
  origin: ORIGIN,
  companyApps: true,
})
await tenantry.ready
const { runtime } = tenantry
const redirectUris = ['https://notes.example/callback']
await createCompany(runtime, { companyId: COMPANY, name: 'MI6', domain: 'mi6' })
await createUser(runtime, { userId: USER, email: EMAIL, name: 'James Bond' })
await setPassword(runtime, USER, PASSWORD)
await addMember(runtime, { companyId: COMPANY, userId: USER, isAdmin: true })
await addOperator(runtime, USER)
await setCompanyPolicy(runtime, COMPANY, { developers: 'members' })
const [{ app }, { app: forAll }] = [
  await createApp(runtime, { name: 'Field Notes', redirectUris }),
  await createApp(runtime, { name: 'For all', redirectUris, install: 'both' }),
]
const place = { runtime, companyId: COMPANY, app: app.clientId, forAll: forAll.clientId, isPostgres: url !== undefined }

const cookie = await signIn(tenantry)
await grow(place, NONE, SOME)
const pages = consolePages(place, USER)
const small = await measure(pages)
await grow(place, SOME, MANY)
const large = await measure(pages)
console.log(`Median of ${ROUNDS}, in milliseconds. Small: ${JSON.stringify(SOME)}. Large: ${JSON.stringify(MANY)}.\n`)
console.log(['page'.padEnd(52), 'small', 'large', 'ratio', 'bytes'].join('\t'))
for (const path of pages) {
  const [before, after] = [small.get(path)!, large.get(path)!]
  const ratio = (after.time / before.time).toFixed(2)
  const name = path.replaceAll(app.clientId, '(in use by all)').replaceAll(forAll.clientId, '(in use by none)')
  console.log([name.padEnd(52), before.time.toFixed(2), after.time.toFixed(2), ratio, after.bytes].join('\t'))
}
await tenantry.close()
folder.remove()

async function signIn({ fetch }: Tenantry): Promise<string> {
  const page = await fetch(new Request(`${ORIGIN}/sign-in`))
  const token = /name="form_token" value="([^"]+)"/.exec(await page.text())![1]!
  const body = new URLSearchParams({ form_token: token, email: EMAIL, password: PASSWORD })
  const headers = { Cookie: cookiesOf(page) }
  return cookiesOf(await fetch(new Request(`${ORIGIN}/sign-in`, { method: 'POST', body, headers })))
}

function cookiesOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map(line => line.split(';')[0])
    .join('; ')
}

async function measure(paths: readonly string[]): Promise<Map<string, { time: number; bytes: number }>> {
  const times = new Map<string, number[]>(paths.map(path => [path, []]))
  const sizes = new Map<string, number>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const path of paths) {
      const begun = performance.now()
      const response = await tenantry.fetch(new Request(ORIGIN + path, { headers: { Cookie: cookie } }))
      const { byteLength } = await response.arrayBuffer()
      if (response.status !== 200) throw new Error(`${path} was answered ${response.status}`)
      times.get(path)!.push(performance.now() - begun)
      sizes.set(path, byteLength)
    }
  }
  const median = (all: number[]) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)]!
  return new Map(paths.map(path => [path, { time: median(times.get(path)!), bytes: sizes.get(path)! }]))
}
