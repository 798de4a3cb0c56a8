import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest'
import { openSqliteStore } from '../packages/server/src/store/sqlite/sqlite-store.ts'
import type { Client, TokenAnswer } from './support/client.ts'
import { MI6, startProvider, type TestProvider } from './support/provider.ts'
import { runCommand, startSandbox, temporaryFolder } from './support/sandbox-process.ts'

const MEGABYTE = 1024 * 1024

/** A file system of its own, of a few megabytes, that can become full or read-only. */
interface SmallDisk {
  path: string
  fill(): void
  makeRoom(): void
  remount(how: 'ro' | 'rw'): void
  remove(): void
}

/** @returns undefined where this user may not mount */
function makeSmallDisk(megabytes: number): SmallDisk | undefined {
  const folder = temporaryFolder()
  const path = join(folder.path, 'disk')
  mkdirSync(path)
  const run = (...args: string[]) => spawnSync(args[0]!, args.slice(1), { encoding: 'utf8' })
  if (run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path).status !== 0) {
    folder.remove()
    return undefined
  }
  const ballast = join(path, 'ballast')
  return {
    path,
    fill() {
      for (let size = megabytes * MEGABYTE; size >= 4096; ) {
        try {
          writeFileSync(ballast, Buffer.alloc(size), { flag: 'a' })
        } catch {
          size /= 2
        }
      }
    },
    makeRoom: () => writeFileSync(ballast, ''),
    remount(how) {
      const { status, stderr } = run('mount', '-o', `remount,${how}`, path)
      if (status !== 0) throw new Error(stderr)
    },
    remove() {
      run('umount', '--lazy', path)
      folder.remove()
    },
  }
}

describe('a disk of a database file', () => {
  let disk: SmallDisk | undefined
  let provider: TestProvider | undefined
  beforeEach(() => {
    disk = makeSmallDisk(6)
  })
  afterEach(async () => {
    disk?.remount('rw')
    await provider?.close()
    provider = undefined
    disk?.remove()
  })

  function requireDisk(context: TestContext): SmallDisk {
    if (disk) return disk
    console.warn('This user may not mount a small disk: not tested.')
    return context.skip('no right to mount')
  }

  async function serve(path: string): Promise<{ client: Client; tokens: TokenAnswer; served: TestProvider }> {
    const served = await startProvider({ store: { path: join(path, 'tenantry.db') }, clock: Date.now })
    provider = served
    const client = await served.registerApp()
    const tokens = await client.tokens(await served.person().code(client, { company: MI6 }))
    return { client, tokens, served }
  }

  it('on a full disk writes are refused for now, reads continue, nothing acknowledged is lost, and writes recover once there is space', async context => {
    const { path, fill, makeRoom } = requireDisk(context)
    const { client, served } = await serve(path)
    let { tokens } = { tokens: await client.tokens(await served.person().code(client, { company: MI6 })) }
    fill()
    const statuses = new Set<number>()
    for (let attempt = 0; attempt < 400 && !statuses.has(503); attempt++) {
      const answer = await client.refresh(tokens.refresh_token)
      statuses.add(answer.status)
      if (answer.status === 200) tokens = (await answer.json()) as TokenAnswer
      expect((await client.me(tokens.access_token)).status).toBe(200)
    }
    expect([...statuses].filter(status => status !== 200)).toEqual([503])
    makeRoom()
    const healed = await client.refresh(tokens.refresh_token)
    expect(healed.status).toBe(200)
  })

  it('commands name a full disk, and leave nothing half done behind', async context => {
    const { path, fill } = requireDisk(context)
    const data = join(path, 'data')
    const elsewhere = temporaryFolder()
    await runCommand(['migrate', '--data', join(elsewhere.path, 'data')])
    const backup = join(elsewhere.path, 'backup.db')
    await runCommand(['backup', '--data', join(elsewhere.path, 'data'), '--to', backup])
    fill()
    for (const args of [
      ['backup', '--data', join(elsewhere.path, 'data'), '--to', join(path, 'backup.db')],
      ['restore', '--from', backup, '--data', data],
      ['migrate', '--data', data],
    ]) {
      const { code, stderr } = await runCommand(args)
      expect([args[0], code, stderr]).toEqual([args[0], 1, expect.stringMatching(/disk.* is full/)])
      expect(stderr).toContain(path)
      expect(stderr.trim().split('\n')).toHaveLength(1)
    }
    const left = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter(name => name.includes('partial'))
    expect(left).toEqual([])
    expect(existsSync(join(path, 'backup.db'))).toBe(false)
    elsewhere.remove()
  })

  it('a read-only disk is reported at the start, also beside commits that are not in the database yet', async context => {
    const { path, remount } = requireDisk(context)
    const sandbox = await startSandbox(['--data', path])
    await sandbox.stop('SIGKILL')
    expect(existsSync(join(path, 'tenantry.db-wal'))).toBe(true)
    remount('ro')
    expect(() => openSqliteStore({ path: join(path, 'tenantry.db') })).toThrow(
      /cannot be written to \(EROFS\)\. Give this user the right to write there/,
    )
    for (const args of [['dev', '--port', '0'], ['user', 'set-password', '777'], ['migrate']]) {
      const { code, stderr } = await runCommand([...args, '--data', path], { input: 'shaken-not-stirred\n' })
      expect([args[0], code, stderr]).toEqual([args[0], 1, expect.stringContaining('cannot be written to (EROFS)')])
    }
    remount('rw')
    const again = await startSandbox(['--data', path])
    await again.stop()
  })
})
