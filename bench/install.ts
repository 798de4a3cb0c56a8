import { join } from 'node:path'
import { temporaryFolder } from '../tests/support/sandbox-process.ts'
import { type Benchmark, type Round, summarize } from './benchmark.ts'
import { runLoad } from './load/node-load.ts'
import type { PeopleResult, PeopleSettings } from './load/people.ts'
import { makeStore, PASSWORD, serveTenantry } from './targets/tenantry.ts'

const PEOPLE = 16

/** The whole flow, again and again, by people who are signed in. */
export const install: Benchmark = {
  name: 'install',
  about: 'the whole flow: authorize, choose a company, allow, exchange the code, GET /users/me',
  async run({ rounds, seconds, say }) {
    const folder = temporaryFolder()
    const store = await makeStore(['--data', join(folder.path, 'store')], folder.path, { tokens: 1000, grants: PEOPLE })
    const measured: Round[] = []
    for (let index = 0; index < rounds; index++) {
      say(`round ${index + 1} of ${rounds}`)
      const target = await serveTenantry(store)
      const { clientId, clientSecret, people } = store
      const settings: PeopleSettings = {
        port: target.port,
        origin: 'http://localhost:4040',
        seconds,
        people,
        password: PASSWORD,
        clientId,
        clientSecret,
      }
      const result = await runLoad<PeopleResult>('./people.ts', settings)
      measured.push({ perSecond: result.done / result.seconds, p50: result.p50, p99: result.p99 })
      await target.stop()
    }
    folder.remove()
    return {
      benchmark: 'install',
      results: [summarize(`installs by ${PEOPLE} people at once, SQLite`, measured, null)],
      notes: ['The people, with their HTML and cookies, take a core of their own; sign-in was before.'],
    }
  },
}
