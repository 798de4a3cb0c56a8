import { describe, expect, it } from 'vitest'
import { hashAsText } from '../tokens/token-text.ts'
import { BearerCache } from './bearer-cache.ts'
import type { BearerChange } from './bearer-change.ts'
import type { BearerRecord } from './bearer-record.ts'

const NO_CHANGE: BearerChange = { company_id: null, user_id: null, token_hash: null, client_id: null }

const record = (companyId: number, userId: number) =>
  ({ companyId, userId, clientId: `app ${userId % 2}` }) as unknown as BearerRecord

describe('the cache of bearer records', () => {
  it('the cache indexes exactly the records that it holds, however long it runs', () => {
    const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'))
    const cache = new BearerCache()
    const live: string[] = []
    for (let round = 0; round < 100_000; round++) {
      const hash = hashAsText(`soak ${round}`)
      cache.add(hash, record(1 + (round % 3), round % 500))
      live.push(hash)
      // A refresh revokes nothing of others, and ends what its family had.
      if (live.length > 1000) cache.forget({ ...NO_CHANGE, company_id: 1, token_hash: bytes(live.shift()!) })
      if (round % 1000 === 0) cache.forget({ ...NO_CHANGE, company_id: 1, user_id: round % 500 })
      if (round % 20_000 === 0) cache.forget({ ...NO_CHANGE, client_id: 'app 1' })
    }
    expect(cache.sizes.records).toBeGreaterThan(0)
    expect(cache.sizes.records).toBeLessThanOrEqual(1001)
    expect(cache.sizes.indexed).toBe(cache.sizes.records)
  })

  it('two tokens whose hashes agree in 30 bits take the place of each other, in the index too', () => {
    const cache = new BearerCache()
    const alike = ['aaaa', 'aaa\u00e1'].map(begin => begin.padEnd(32, 'x'))
    for (let round = 0; round < 1000; round++) for (const hash of alike) cache.add(hash, record(1, 7))
    expect(cache.sizes).toEqual({ records: 1, indexed: 1 })
  })

  it('a change that names nothing may concern anything: the cache forgets all', () => {
    const cache = new BearerCache()
    for (let index = 0; index < 10; index++) cache.add(hashAsText(`token ${index}`), record(index, index))
    cache.forget(NO_CHANGE)
    expect(cache.sizes).toEqual({ records: 0, indexed: 0 })
  })
})
