import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateAdminTypes } from './admin-types.ts'
import { ensureChromium } from './chromium-path.ts'
import { RUN_FOLDER } from './packed.ts'
import { startPostgres } from './postgres.ts'
import { ensureThirdParty } from './third-party.ts'

/** What the tests need of the machine, once, before any of them runs. */
export async function setup() {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-run-'))
  process.env[RUN_FOLDER] = folder
  generateAdminTypes()
  ensureChromium()
  ensureThirdParty()
  const stopPostgres = await startPostgres()
  return () => {
    stopPostgres()
    rmSync(folder, { recursive: true, force: true })
  }
}
