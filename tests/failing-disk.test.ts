import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { Client, type TokenAnswer } from './support/client.ts'
import { Person } from './support/person.ts'
import { lastingPort, startSandbox, temporaryFolder } from './support/sandbox-process.ts'

describe('a disk that fails', () => {
  // Each disk fails after the sign-in and within the refreshes; background jobs commit in between.
  it.each([
    ['cannot be synced', 'fdatasync,fsync', 'error=EIO:when=22..30', 'disk I/O error'],
    ['is full', 'pwrite64', 'error=ENOSPC:when=150..162', 'database or disk is full'],
  ])(
    'a disk that %s acknowledges nothing, answers 503, recovers by itself, and loses nothing',
    async (_, calls, fault, reason) => {
      if (spawnSync('strace', ['-V']).error) {
        if (process.env.CI) throw new Error('This test makes the disk fail with strace: install the package "strace".')
        return console.warn('There is no strace here to make the disk fail: not tested.')
      }
      const folder = temporaryFolder()
      const port = await lastingPort()
      // At the same address, so that the next start finds nothing to write.
      const made = await startSandbox(['--data', folder.path, '--port', port])
      await made.stop()
      const failing = `inject=${calls}:${fault}`
      const wrap = ['strace', '-D', '-f', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', failing]
      const sandbox = await startSandbox(['--data', folder.path, '--port', port], wrap)
      const { origin, client_id, client_secret, password } = sandbox.facts
      const request = (path: string, init?: RequestInit) => fetch(new URL(path, origin), init)
      const client = new Client(request, client_id, client_secret, 'http://127.0.0.1:5999/callback')
      let tokens = await client.tokens(await new Person(request).code(client, { password, company: 1 }))

      const statuses: number[] = []
      for (let attempt = 0; attempt < 30; attempt++) {
        const answer = await client.refresh(tokens.refresh_token)
        statuses.push(answer.status)
        if (answer.status === 200) tokens = (await answer.json()) as TokenAnswer
        else expect(answer.headers.get('Retry-After')).toBe('2')
        // Reading goes on, whatever the disk does.
        expect((await client.me(tokens.access_token)).status).toBe(200)
      }
      expect(new Set(statuses)).toEqual(new Set([200, 503]))
      expect(statuses.at(-1)).toBe(200)
      expect(sandbox.log()).toContain(reason)
      await sandbox.stop()

      const again = await startSandbox(['--data', folder.path, '--port', port])
      expect((await client.me(tokens.access_token)).status).toBe(200)
      expect((await client.refresh(tokens.refresh_token)).status).toBe(200)
      await again.stop()
      folder.remove()
    },
  )
})

describe('a database file that another program locks', () => {
  it('a database file that another program locks can be read; writes answer 503 until it is free', async () => {
    const folder = temporaryFolder()
    const sandbox = await startSandbox(['--data', folder.path])
    const { origin, client_id, client_secret, password } = sandbox.facts
    const request = (path: string, init?: RequestInit) => fetch(new URL(path, origin), init)
    const client = new Client(request, client_id, client_secret, 'http://127.0.0.1:5999/callback')
    const tokens = await client.tokens(await new Person(request).code(client, { password, company: 1 }))
    const other = new DatabaseSync(join(folder.path, 'tenantry.db'))
    other.exec('BEGIN IMMEDIATE')
    const waiting = client.refresh(tokens.refresh_token)
    expect((await client.me(tokens.access_token)).status).toBe(200)
    const answer = await waiting
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([503, '2'])
    expect((await client.me(tokens.access_token)).status).toBe(200)
    other.exec('ROLLBACK')
    expect((await client.refresh(tokens.refresh_token)).status).toBe(200)
    other.close()
    await sandbox.stop()
    folder.remove()
  })
})
