import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createAccount, createConnect, useAccount } from '../packages/connect/src/index.ts'
import { sqliteStore } from '../packages/connect/src/store/sqlite.ts'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import { type Benchmark, type Result, type Round, summarize } from './benchmark.ts'

const CALLBACK = 'https://notes.example/connect/callback'
const BOND = { email: 'james.bond@mi6.example' }
const AT_MI6 = { companyId: 1, userId: 777 }

/** What the kit costs beside the SQL that it cannot do without. */
export const link: Benchmark = {
  name: 'link',
  about: "the kit's callback and its look-up of a token, beside raw statements on the same settings",
  async run({ rounds, seconds, say }) {
    const folder = temporaryFolder()
    // The kit's tests use the published provider: the others need no build.
    const { startTestProvider } = await import('../packages/connect/src/testing/index.ts').catch(cause => {
      throw new Error('Run `npm run build` first: the kit is measured with the built provider.', { cause })
    })
    const provider = await startTestProvider({ redirectUri: CALLBACK })
    const store = sqliteStore(join(folder.path, 'links.db'))
    const connect = createConnect({
      ...provider.options,
      store,
      encryptionKeys: ['an encryption key of the benchmark, long enough'],
      onInstall: ({ link }) => (link ? useAccount(link.accountId) : createAccount(() => 'account-1')),
    })
    const person = provider.person(connect)
    const installed = await provider.install(connect, { ...BOND, company: AT_MI6.companyId }, person)
    if (installed.status >= 400)
      throw new Error(`the install was answered ${installed.status}: ${await installed.text()}`)
    let expected = ''
    let writes = 0
    const raw = openRaw(join(folder.path, 'raw.db'))
    const ways: [name: string, once: () => unknown][] = [
      ['a raw SELECT', () => raw.select.get(1, 777)],
      [
        'the kit: an access token that is fresh',
        async () => {
          if ((await connect.accessToken(AT_MI6)) !== expected) throw new Error('another token')
        },
      ],
      ['a raw upsert, on disk', () => raw.upsert.run(1, 777, String(writes++).padEnd(400))],
      [
        'the kit: an install by a signed-in user, provider included',
        async () => {
          const answer = await provider.install(connect, { ...BOND, company: AT_MI6.companyId }, person)
          if (answer.status >= 400) throw new Error(`answered ${answer.status}`)
        },
      ],
    ]
    const measured = new Map<string, Round[]>(ways.map(([name]) => [name, []]))
    for (let index = 0; index < rounds; index++) {
      // Each install gives another.
      expected = await connect.accessToken(AT_MI6)
      for (const [name, once] of ways) {
        say(`round ${index + 1} of ${rounds}: ${name}`)
        measured.get(name)!.push(await repeat(once, seconds))
      }
    }
    await provider.close()
    store.close()
    raw.close()
    folder.remove()
    const rate = (at: number) => summarize('', measured.get(ways[at]![0])!, null).per_second
    const limits = [rate(0), rate(0), rate(2), rate(2)]
    const results: Result[] = ways.map(([name], at) => summarize(name, measured.get(name)!, limits[at]!))
    return {
      benchmark: 'link',
      results,
      notes: [
        'One after the other, in one process. Each of the kit beside the raw statement above it; an install writes twice and asks the provider four times.',
      ],
    }
  },
}

function openRaw(path: string) {
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE links (company_id INTEGER, user_id INTEGER, tokens TEXT, PRIMARY KEY (company_id, user_id))`)
  const upsert = database.prepare(
    'INSERT INTO links VALUES (?, ?, ?) ON CONFLICT (company_id, user_id) DO UPDATE SET tokens = excluded.tokens',
  )
  upsert.run(1, 777, 'x'.repeat(400))
  const select = database.prepare('SELECT tokens FROM links WHERE company_id = ? AND user_id = ?')
  return { select, upsert, close: () => database.close() }
}

async function repeat(once: () => unknown, seconds: number): Promise<Round> {
  const started = performance.now()
  let done = 0
  for (; performance.now() < started + seconds * 1000; done++) await once()
  const elapsed = performance.now() - started
  return { perSecond: done / (elapsed / 1000), p50: elapsed / done, p99: null }
}
