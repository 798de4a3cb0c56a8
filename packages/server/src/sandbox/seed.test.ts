import { expect, it } from 'vitest'
import { makeTestDatabase } from '../../../../tests/support/database.ts'
import { ORIGIN, SECRET } from '../../../../tests/support/provider.ts'
import { createRuntime } from '../server.ts'
import { sandboxState, seedSandbox } from './seed.ts'

it('a database that another node begins to fill while its state is read is never taken for a foreign one', async () => {
  const database = await makeTestDatabase()
  const runtime = createRuntime({ store: database.store, secrets: [SECRET], origin: ORIGIN, localCallbacks: true })
  await runtime.store.ready
  let queries = 0
  const db = runtime.store.db.withPlugin({
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      if (++queries === 1) await seedSandbox(runtime)
      return result
    },
  })
  const reading = Object.assign(Object.create(runtime.store), { db })
  expect(await sandboxState(reading)).toBe('ready')
  expect(queries).toBe(2)
  await runtime.store.close()
  await database.remove()
})
