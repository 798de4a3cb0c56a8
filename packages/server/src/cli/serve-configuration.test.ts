import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../../tests/support/sandbox-process.ts'
import { SettingsError } from '../config/settings.ts'
import { readIcon, readJson } from './app-files.ts'
import { environmentSecrets, readSecretFile } from './data-folder.ts'
import { readConfiguration } from './serve-configuration.ts'

const SECRET = 'a secret that is long enough for everybody'
const EARLIER = 'an earlier secret that is long enough too'
const folder = temporaryFolder()
afterAll(() => folder.remove())

let files = 0
function file(text: string): string {
  const path = join(folder.path, `file-${++files}`)
  writeFileSync(path, text)
  return path
}

const base = { TENANTRY_ORIGIN: 'https://id.example', TENANTRY_DATA: '/data', TENANTRY_SECRETS: SECRET }

/** What editors, `echo` and other systems do to a text. */
const ways: [string, (text: string) => string][] = [
  ['as it is', text => text],
  ['with a newline at its end', text => `${text}\n`],
  ['with two', text => `${text}\n\n`],
  ['with the line ends of Windows', text => `${text.replaceAll('\n', '\r\n')}\r\n`],
  ['with a byte order mark', text => `\ufeff${text}`],
  ['with all of it', text => `\ufeff${text.replaceAll('\n', '\r\n')}\r\n`],
]

describe('a file', () => {
  it.each(ways)('a file of secrets means the same %s', (_, write) => {
    const path = file(write(`${SECRET}\n${EARLIER}`))
    const { TENANTRY_SECRETS: _own, ...others } = base
    expect(readConfiguration({}, { ...others, TENANTRY_SECRETS_FILE: path }).secrets).toEqual([SECRET, EARLIER])
    expect(environmentSecrets({ TENANTRY_SECRETS_FILE: path })).toEqual([SECRET, EARLIER])
    expect(environmentSecrets({ TENANTRY_SECRETS: write(`${SECRET},${EARLIER}`) })).toEqual([SECRET, EARLIER])
  })

  it.each(ways)('a file with the database’s address means the same %s', (_, write) => {
    const { TENANTRY_DATA: _own, ...others } = base
    const path = file(write('postgres://tenantry@db.example/tenantry'))
    const { database } = readConfiguration({}, { ...others, TENANTRY_DATABASE_URL_FILE: path })
    expect(database).toBe('postgres://tenantry@db.example/tenantry')
  })

  it.each(ways)('a file of configuration means the same %s', (_, write) => {
    const text = JSON.stringify({ origin: 'https://file.example', secrets: [SECRET], accessTokenLifetime: 60 }, null, 2)
    const read = readConfiguration({ config: file(write(text)), data: '/data' }, {})
    expect(read).toMatchObject({ origin: 'https://file.example', secrets: [SECRET], accessTokenLifetime: 60 })
  })

  it.each(ways)('files of a sandbox and of keys mean the same %s', (_, write) => {
    const data = join(folder.path, `sandbox-${++files}`)
    mkdirSync(data)
    writeFileSync(join(data, 'secret'), write(SECRET))
    expect(readSecretFile(data)).toBe(SECRET)
    expect(readJson(file(write('{"keys":\n[]}')))).toEqual({ keys: [] })
  })

  it('a picture file is read unchanged', () => {
    const path = join(folder.path, 'icon.png')
    writeFileSync(path, Buffer.from([0xef, 0xbb, 0xbf, 1, 10]))
    expect([...readIcon(path).bytes]).toEqual([0xef, 0xbb, 0xbf, 1, 10])
  })
})

/** The mistakes that are reported, without the line above them. */
function mistakesOf(read: () => unknown): readonly string[] {
  try {
    read()
  } catch (error) {
    if (error instanceof SettingsError) return error.mistakes.slice(1).map(line => line.trim())
    throw error
  }
  return []
}

describe('an empty variable', () => {
  const names = [
    'PORT',
    'HOST',
    'WORKERS',
    'MODE',
    'LOG_LEVEL',
    'ACCESS_TOKEN_LIFETIME',
    'TRUSTED_PROXIES',
    'API_DOMAIN',
  ]
  it.each(names)('an empty environment variable counts as not set: TENANTRY_%s', name => {
    for (const nothing of ['', ' ', '\r\n']) {
      expect(readConfiguration({}, { ...base, [`TENANTRY_${name}`]: nothing })).toEqual(readConfiguration({}, base))
    }
  })

  it('an empty environment variable is neither a file nor a second database', () => {
    const empty = { TENANTRY_CONFIG: '', TENANTRY_SECRETS_FILE: '', TENANTRY_DATABASE_URL: '', TENANTRY_SOMETHING: '' }
    expect(readConfiguration({}, { ...base, ...empty })).toEqual(readConfiguration({}, base))
    expect(environmentSecrets({ TENANTRY_SECRETS: '' })).toBeUndefined()
  })

  it('a required environment variable that is empty is reported as not set', () => {
    expect(mistakesOf(() => readConfiguration({}, { ...base, TENANTRY_ORIGIN: '' }))).toEqual([
      expect.stringMatching(/^origin: not set\./),
    ])
  })
})

describe('a file that cannot be read', () => {
  const nowhere = join(folder.path, 'nowhere')

  it('a secrets file that cannot be read is the only reported mistake', () => {
    const { TENANTRY_SECRETS: _own, ...others } = base
    expect(mistakesOf(() => readConfiguration({}, { ...others, TENANTRY_SECRETS_FILE: nowhere }))).toEqual([
      `TENANTRY_SECRETS_FILE: the file ${nowhere} cannot be read (ENOENT).`,
    ])
  })

  it('a database address file that cannot be read is the only reported mistake', () => {
    const { TENANTRY_DATA: _own, ...others } = base
    expect(mistakesOf(() => readConfiguration({}, { ...others, TENANTRY_DATABASE_URL_FILE: nowhere }))).toEqual([
      `TENANTRY_DATABASE_URL_FILE: the file ${nowhere} cannot be read (ENOENT).`,
    ])
  })

  it('a configuration file that cannot be read is the only reported mistake', () => {
    for (const path of [nowhere, folder.path, file('{ "origin": '), file('[]')]) {
      const mistakes = mistakesOf(() => readConfiguration({ config: path }, {}))
      expect(mistakes).toEqual([expect.stringContaining(path)])
    }
  })
})
