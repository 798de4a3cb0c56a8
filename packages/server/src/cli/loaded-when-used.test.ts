import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand, startCommand, temporaryFolder } from '../../../../tests/support/sandbox-process.ts'

/** What Node loads for `fetch` with its classes, and for TLS. */
const LARGE = ['NativeModule internal/deps/undici/undici', 'NativeModule tls']
const FORM = { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: 'token=x' }

describe('what a server loads', () => {
  let folder: ReturnType<typeof temporaryFolder>
  let child: ReturnType<typeof startCommand>
  beforeEach(() => {
    folder = temporaryFolder()
  })
  afterEach(async () => {
    child.kill('SIGTERM')
    await once(child, 'close')
    folder.remove()
  })

  it('requests of apps, load balancers and people on the way to a code load neither fetch nor TLS; other pages do', async () => {
    await runCommand(['migrate', '--data', folder.path])
    const watch = join(folder.path, 'watch.mjs')
    writeFileSync(watch, `process.on('SIGUSR2', () => console.log(JSON.stringify({ loaded: process.moduleLoadList })))`)
    child = startCommand(['serve'], {
      TENANTRY_ORIGIN: 'https://id.example',
      TENANTRY_SECRETS: 'a secret that is long enough for every test',
      TENANTRY_DATA: folder.path,
      TENANTRY_PORT: '0',
      NODE_OPTIONS: `--import ${pathToFileURL(watch).href}`,
    })
    const lines: { msg?: string; port?: number; loaded?: string[] }[] = []
    createInterface({ input: child.stdout! }).on('line', line => lines.push(JSON.parse(line)))
    await expect.poll(() => lines.map(({ msg }) => msg)).toContain('ready')
    const at = `http://127.0.0.1:${lines.find(({ msg }) => msg === 'ready')!.port}`
    async function loaded(): Promise<string[]> {
      const before = lines.filter(line => line.loaded).length
      child.kill('SIGUSR2')
      await expect.poll(() => lines.filter(line => line.loaded).length).toBe(before + 1)
      const all = lines.findLast(line => line.loaded)!.loaded!
      expect(all).toContain('NativeModule http')
      return LARGE.filter(each => all.includes(each))
    }

    expect(await loaded()).toEqual([])
    const statuses = []
    for (const [path, init] of [
      ['/users/me'],
      ['/healthz'],
      ['/readyz'],
      ['/oauth/authorize?client_id=x'],
      ['/oauth/introspect', FORM],
    ] as const) {
      statuses.push((await fetch(at + path, init)).status)
    }
    expect(statuses).toEqual([401, 200, 200, 400, 401])
    expect(await loaded()).toEqual([])
    expect((await fetch(`${at}/sign-in`)).status).toBe(200)
    expect(await loaded()).toEqual(LARGE)
  })
})
