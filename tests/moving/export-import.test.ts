import { once } from 'node:events'
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { newestVersion as newest } from '../../packages/server/src/store/migrations/migrations.ts'
import { postgresUrl } from '../support/postgres.ts'
import { makeSchema } from '../support/postgres-schema.ts'
import { SECRET } from '../support/provider.ts'
import { runCommand, startCommand } from '../support/sandbox-process.ts'
import { expectAlive, fail, file, folder, held, path, run, usePopulatedDatabase } from './populated-database.ts'

describe('export and import', () => {
  usePopulatedDatabase()

  const other = () => join(folder.path, 'other')

  it('an export is one line of JSON after another, with counts and a checksum at its end', async () => {
    await run('export', '--data', folder.path, '--output', file)
    const lines = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines[0]).toMatchObject({ tenantry_export: 1, schema: newest, rows: lines.length - 2 })
    expect(lines.at(-1)).toMatchObject({ end: true, counts: { companies: 2, memberships: 3 } })
    expect(existsSync(`${file}.partial`)).toBe(false)
    expect((await runCommand(['export', '--data', folder.path])).stdout.split('\n').length).toBe(lines.length + 1)
    expect(await fail('export', '--data', folder.path, '--output', file)).toContain('exists already')
  })

  it('an imported database works as before', async () => {
    await run('export', '--data', folder.path, '--output', file)
    await run('import', '--data', other(), '--input', file)
    await expectAlive({ path: join(other(), 'tenantry.db') }, held)
  })

  it('export and import work through a pipe', async () => {
    const { stdout } = await runCommand(['export', '--data', folder.path])
    const { code } = await runCommand(['import', '--data', other()], { input: stdout })
    expect(code).toBe(0)
    await expectAlive({ path: join(other(), 'tenantry.db') }, held)
  })

  it('an import that was cut off anywhere continues, and is not served before it is whole', async () => {
    await run('export', '--data', folder.path, '--output', file)
    const whole = readFileSync(file, 'utf8')
    for (const share of [0.1, 0.5, 0.9]) {
      const part = `${file}.part`
      writeFileSync(part, whole)
      const end = whole.indexOf('\n', Math.floor(whole.length * share)) + 1
      truncateSync(part, Buffer.byteLength(whole.slice(0, end)))
      expect(await fail('import', '--data', other(), '--input', part)).toContain('is incomplete')
      const refused = await runCommand(['serve', '--data', other(), '--port', '0'], {
        environment: { TENANTRY_ORIGIN: 'https://id.example', TENANTRY_SECRETS: SECRET },
      })
      expect(refused.stderr).toContain('is being filled')
    }
    await run('import', '--data', other(), '--input', file)
    await expectAlive({ path: join(other(), 'tenantry.db') }, held)
  })

  it('an import that was killed continues', async () => {
    await run('export', '--data', folder.path, '--output', file)
    const lines = readFileSync(file, 'utf8').split('\n')
    const child = startCommand(['import', '--data', other()])
    child.stdin?.on('error', () => {})
    child.stdin?.write(`${lines.slice(0, Math.floor(lines.length / 2)).join('\n')}\n`)
    await sleep(1200)
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    await run('import', '--data', other(), '--input', file)
    await expectAlive({ path: join(other(), 'tenantry.db') }, held)
  })

  it('a damaged export, another export, garbage, and a database that is not empty are refused', async () => {
    await run('export', '--data', folder.path, '--output', file)
    const whole = readFileSync(file, 'utf8')
    const wrong = `${file}.wrong`
    const importing = (text: string, data = other()) => {
      writeFileSync(wrong, text)
      return fail('import', '--data', data, '--input', wrong)
    }
    expect(await importing(whole.replace('James Bond', 'Jamie Bond'))).toContain('The checksum is wrong')
    const another = (await runCommand(['export', '--data', folder.path])).stdout
    expect(await importing(another)).toContain('a part of another export')
    const fresh = join(folder.path, 'fresh')
    expect(await importing('garbage', fresh)).toContain('Line 1 is no JSON')
    expect(await importing('{"some":"thing"}\n', fresh)).toContain('Line 1 is not what an export')
    expect(await importing(whole.replace(`"schema":${newest}`, '"schema":99'), fresh)).toContain('schema version 99')
    expect(await importing(whole.replace('"table":"apps"', '"table":"sqlite_master"'), fresh)).toContain('no table')
    expect(await importing(whole, folder.path)).toContain('not empty')
    await expectAlive({ path }, held)
  })

  it.skipIf(!postgresUrl)('an export that went to PostgreSQL and back is the same export', async () => {
    const schema = await makeSchema()
    await run('export', '--data', folder.path, '--output', file)
    await run('import', '--database', schema.url, '--input', file)
    const back = `${file}.back`
    await run('export', '--database', schema.url, '--output', back)
    const rows = (name: string) => readFileSync(name, 'utf8').split('\n').slice(1, -2).sort()
    expect(rows(back)).toEqual(rows(file))
    await run('import', '--data', other(), '--input', back)
    await expectAlive({ path: join(other(), 'tenantry.db') }, held)
    await expectAlive({ url: schema.url }, held)
    await schema.remove()
  })
})
