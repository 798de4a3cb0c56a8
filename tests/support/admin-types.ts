import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { api } from '../../packages/server/src/admin-api/api.ts'
import { createDocument } from '../../packages/server/src/admin-api/openapi.ts'
import { REPOSITORY } from './sandbox-process.ts'

const FOLDER = join(REPOSITORY, 'packages/admin')
const TYPES = join(FOLDER, 'src/generated/api.ts')

/**
 * Writes the types of `@tenantry/admin` from the description of the admin API, unless they are those of the API already. They are not
 * committed.
 * @throws where the generator cannot run
 */
export function generateAdminTypes(): void {
  const document = `${JSON.stringify(createDocument(api, 'https://id.example.com'))}\n`
  const source = join(dirname(TYPES), 'openapi.json')
  if (existsSync(TYPES) && existsSync(source) && readFileSync(source, 'utf8') === document) return
  const { status, stdout, stderr } = spawnSync(process.execPath, ['generate.js'], {
    cwd: join(FOLDER, 'generator'),
    input: document,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (status !== 0) throw new Error(`The types of the admin API could not be made: ${stderr}`)
  mkdirSync(dirname(TYPES), { recursive: true })
  writeFileSync(TYPES, stdout)
  writeFileSync(source, document)
}
