import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { createTenantry } from 'tenantry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Client, type TokenAnswer } from '../../../../../tests/support/client.ts'
import { MI6, ORIGIN, SECRET, startProvider, type TestProvider } from '../../../../../tests/support/provider.ts'
import { temporaryFolder } from '../../../../../tests/support/sandbox-process.ts'
import { backUp } from './backup.ts'

describe('a database that is restored or replaced under a running server', () => {
  let folder: ReturnType<typeof temporaryFolder>
  let live: string
  let copy: string
  let provider: TestProvider
  let client: Client

  beforeEach(async () => {
    folder = temporaryFolder()
    live = join(folder.path, 'live.db')
    copy = join(folder.path, 'copy.db')
    provider = await startProvider({ store: { path: live } })
    client = await provider.registerApp()
  })
  afterEach(async () => {
    await provider.close()
    folder.remove()
  })

  const install = async () => client.tokens(await provider.person().code(client, { company: MI6 }))
  const status = async ({ access_token }: TokenAnswer) => (await client.me(access_token)).status

  /** As `sqlite3 live.db '.restore copy.db'` does. */
  async function restoreOver() {
    const source = new DatabaseSync(copy, { readOnly: true })
    await backup(source, live)
    source.close()
  }

  /** Requests that come from elsewhere arrive in a later turn of the event loop. */
  async function move(from: string, to: string) {
    renameSync(from, to)
    await new Promise(resolve => setImmediate(resolve))
  }

  async function revokeInCopy(token: string) {
    const other = createTenantry({ store: { path: copy }, secrets: [SECRET], origin: ORIGIN, clock: provider.now })
    const fetch = (path: string, init?: RequestInit) => other.fetch(new Request(new URL(path, ORIGIN), init))
    await new Client(fetch, client.id, client.secret, client.redirectUri).revoke(token)
    await other.close()
  }

  it('[OA-33] a running server refuses a token that the restored database has revoked, at the next request', async () => {
    const tokens = await install()
    backUp(live, copy)
    await revokeInCopy(tokens.access_token)
    expect(await status(tokens)).toBe(200)
    await restoreOver()
    expect(await status(tokens)).toBe(401)
  })

  it('[OA-33] a running server refuses a token that the restored database never had, whatever its log says', async () => {
    const before = await install()
    backUp(live, copy)
    const after = await install()
    expect([await status(before), await status(after)]).toEqual([200, 200])
    await restoreOver()
    expect([await status(before), await status(after)]).toEqual([200, 401])
  })

  it('a running server continues exactly after a restore', async () => {
    backUp(live, copy)
    const lost = await install()
    expect(await status(lost)).toBe(200)
    await restoreOver()
    for (let round = 0; round < 3; round++) {
      const tokens = await install()
      expect([await status(lost), await status(tokens)]).toEqual([401, 200])
      await client.revoke(tokens.access_token)
      expect(await status(tokens)).toBe(401)
    }
  })

  it('[OA-33] a running server answers nothing from a file that was replaced, and takes no writes for it', async () => {
    const tokens = await install()
    backUp(live, copy)
    await revokeInCopy(tokens.access_token)
    expect(await status(tokens)).toBe(200)
    await move(copy, live)
    expect(await status(tokens)).toBe(503)
    expect((await client.refresh(tokens.refresh_token)).status).toBe(503)
    expect((await provider.fetch('/readyz')).status).toBe(503)
    expect(String(await provider.runtime.store.replaced)).toContain('was moved or replaced')
  })

  it('a running server answers again once a file that was moved away is back', async () => {
    const tokens = await install()
    expect(await status(tokens)).toBe(200)
    await move(live, copy)
    expect(await status(tokens)).toBe(503)
    await move(copy, live)
    expect(await status(tokens)).toBe(200)
  })
})
