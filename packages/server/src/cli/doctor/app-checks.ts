import { listAdminKeys } from '../../admin-api/admin-keys.ts'
import { toApp } from '../../apps/apps.ts'
import type { Runtime } from '../../config/runtime.ts'
import { listApps } from '../../store/queries/apps.ts'
import { countUndelivered } from '../../store/queries/uninstall-callbacks.ts'
import { formatMoment } from '../output.ts'
import { type Finding, ok, problem, warning } from './finding.ts'

/** Apps that cannot be told of the end of an installation, and callbacks that were given up. */
export async function checkCallbacks({ store }: Runtime): Promise<Finding[]> {
  const apps = (await listApps(store)).map(toApp).filter(({ uninstallUrl }) => uninstallUrl !== null)
  const mute = apps.filter(({ keepsSecret }) => !keepsSecret)
  const { pending, given_up } = await countUndelivered(store)
  const findings = mute.map(({ clientId, name }) =>
    warning(
      'callbacks',
      `${name} (${clientId}) has an uninstall URL, but only the hash of its client secret is stored: its callbacks cannot be authenticated.`,
      `Give it a new secret: tenantry app rotate-secret ${clientId} --keep-old 24h`,
    ),
  )
  if (given_up > 0) {
    findings.push(
      problem(
        'callbacks',
        `${given_up} uninstall callbacks were given up after days of trying.`,
        'Ask the makers of the apps, then send them again: GET /admin/v1/callbacks?state=given_up lists them.',
      ),
    )
  }
  return findings.length > 0 ? findings : [ok('callbacks', `${pending} wait to be delivered; none was given up.`)]
}

const SOON = 14 * 24 * 3600 * 1000

/** Admin keys that end soon. */
export async function checkAdminKeys(runtime: Runtime): Promise<Finding[]> {
  const keys = await listAdminKeys(runtime)
  const ending = keys.filter(
    ({ expiresAt }) => expiresAt !== null && expiresAt > runtime.clock() && expiresAt < runtime.clock() + SOON,
  )
  return ending.map(({ keyId, name, expiresAt }) =>
    warning(
      'admin keys',
      `The admin key ${name} (${keyId}) ends at ${formatMoment(expiresAt)}.`,
      'Make another with `tenantry admin-key create`, and give it to the program that uses this one.',
    ),
  )
}
