import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Client, TokenAnswer } from '../../../../../tests/support/client.ts'
import { isCitus } from '../../../../../tests/support/postgres.ts'
import { makePreparedSchema } from '../../../../../tests/support/postgres-schema.ts'
import {
  MI6,
  onPostgres,
  startProvider,
  type TestProvider,
  UNIVERSAL_EXPORTS,
} from '../../../../../tests/support/provider.ts'
import { hashSecret } from '../../tokens/token-text.ts'
import { BearerBatches } from './bearer-batches.ts'
import { Pool } from './pool.ts'
import { Session } from './session.ts'

const UNKNOWN = new Uint8Array(32)

describe.skipIf(!onPostgres)('look-ups in batches', () => {
  let provider: TestProvider
  let client: Client
  let schema: Awaited<ReturnType<typeof makePreparedSchema>>
  let pool: Pool
  let batches: BearerBatches
  const tokens: TokenAnswer[] = []
  /** Batches that were sent, and what each waits for before it goes out. */
  let sent = 0
  let before: (() => Promise<unknown>)[] = []
  const arrays = Session.prototype.arrays

  beforeAll(async () => {
    schema = await makePreparedSchema()
    provider = await startProvider({ store: { url: schema.url } })
    pool = new Pool({ url: schema.url })
    batches = new BearerBatches(pool, provider.runtime.store.db, () => isCitus)
    client = await provider.registerApp()
    for (const company of [MI6, UNIVERSAL_EXPORTS]) {
      tokens.push(await client.tokens(await provider.person().code(client, { company })))
    }
    Session.prototype.arrays = async function (this: Session, ...given: Parameters<typeof arrays>) {
      sent += 1
      await before.shift()?.()
      return arrays.apply(this, given)
    }
  })
  afterAll(async () => {
    Session.prototype.arrays = arrays
    await pool?.close()
    await provider?.close()
    await schema?.remove()
  })
  beforeEach(() => {
    sent = 0
    before = []
  })

  const find = (companyId: number, hash: Uint8Array) => batches.find(Buffer.from(hash).toString('latin1'), companyId)
  const hashes = () => tokens.map(({ access_token }) => hashSecret(access_token))

  it('look-ups of one turn of the event loop are one query, and each gets its own answer', async () => {
    const [bond, abroad] = hashes()
    const asked = [
      find(MI6, bond!),
      find(UNIVERSAL_EXPORTS, abroad!),
      find(MI6, bond!),
      // Neither a hash alone nor a company alone is enough.
      find(UNIVERSAL_EXPORTS, bond!),
      find(MI6, UNKNOWN),
    ]
    const found = await Promise.all(asked)
    expect(found.map(record => record?.companyId)).toEqual([MI6, UNIVERSAL_EXPORTS, MI6, undefined, undefined])
    expect(found[1]?.email).toBe('j.bond@universal-exports.example')
    // On a cluster a company's are one query.
    expect(sent).toBe(isCitus ? 2 : 1)
  })

  it('a batch of look-ups is bounded: very many are several queries', async () => {
    const [bond] = hashes()
    const found = await Promise.all(Array.from({ length: 1000 }, () => find(MI6, bond!)))
    expect(found.every(record => record?.userId === found[0]?.userId)).toBe(true)
    expect(sent).toBe(4)
  })

  it('a slow batch of look-ups does not hold up the next', async () => {
    const [bond] = hashes()
    let release = () => {}
    before.push(
      () =>
        new Promise<void>(resolve => {
          release = resolve
        }),
    )
    let slowIsDone = false
    const slow = find(MI6, bond!).then(() => {
      slowIsDone = true
    })
    await expect.poll(() => sent).toBe(1)
    for (let turn = 0; turn < 20; turn++) expect((await find(MI6, bond!))?.companyId).toBe(MI6)
    expect(slowIsDone).toBe(false)
    release()
    await slow
  })

  it('a batch of look-ups that fails gives an error to its own callers only', async () => {
    const [bond] = hashes()
    before.push(() => Promise.reject(new Error('a fault')))
    const [first, second] = await Promise.allSettled([find(MI6, bond!), find(MI6, bond!)])
    expect([first.status, second.status]).toEqual(['rejected', 'rejected'])
    expect((await find(MI6, bond!))?.companyId).toBe(MI6)
  })

  it('look-ups see what was committed before they were asked for, and remember nothing', async () => {
    for (let round = 0; round < 20; round++) {
      const fresh = await client.tokens(await provider.person().code(client, { company: MI6 }))
      const hash = hashSecret(fresh.access_token)
      // Others keep batches under way all the while.
      const others = Promise.all(Array.from({ length: 50 }, () => sleep(Math.random() * 5).then(() => find(MI6, hash))))
      expect(await find(MI6, hash)).toBeDefined()
      await client.revoke(fresh.access_token)
      expect(await find(MI6, hash)).toBeUndefined()
      await others
    }
  })
})
