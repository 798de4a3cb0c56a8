import { StoreOpenError } from '../store.ts'
import { initialSchema } from './0001-initial-schema.ts'
import { bearerChanges } from './0002-bearer-changes.ts'
import { severalNodes } from './0003-several-nodes.ts'
import { accessTokenExpiry } from './0004-access-token-expiry.ts'
import { clientSecrets } from './0006-client-secrets.ts'
import { backgroundIndexes, codesOfEndedFamilies } from './0008-background-indexes.ts'
import { sideBySide } from './0011-side-by-side.ts'
import { compatibilityProfile } from './0012-compatibility-profile.ts'
import { administration } from './0013-administration.ts'
import { audit } from './0014-audit.ts'
import { externalPages } from './0015-external-pages.ts'
import { appFacts } from './0016-app-facts.ts'
import { auditCheckpoints } from './0017-audit-checkpoints.ts'
import { bearerChangesOnPostgres } from './0018-bearer-changes-on-postgres.ts'
import { openidConnect } from './0019-openid-connect.ts'
import { resourceServers } from './0020-resource-servers.ts'
import { registeredApps } from './0021-registered-apps.ts'
import { pushedRequests } from './0022-pushed-requests.ts'
import { tokenFormats } from './0023-token-formats.ts'
import { metadataDocuments } from './0024-metadata-documents.ts'
import { boundTokens } from './0025-bound-tokens.ts'
import { strongerClients } from './0026-stronger-clients.ts'
import { appPolicies } from './0027-app-policies.ts'
import { sessionDevices } from './0028-session-devices.ts'
import { companyInstallations } from './0029-company-installations.ts'
import { mail } from './0030-mail.ts'
import { appUses } from './0031-app-uses.ts'
import { operators } from './0032-operators.ts'
import { openRequests } from './0033-open-requests.ts'
import { developers } from './0034-developers.ts'
import type { Migration, MigrationEngine } from './migration.ts'

/** Every migration, oldest first. Versions 5, 7 and 10 were planner statistics, which are set on opening now. */
export const migrations: readonly Migration[] = [
  initialSchema,
  bearerChanges,
  severalNodes,
  accessTokenExpiry,
  clientSecrets,
  backgroundIndexes,
  codesOfEndedFamilies,
  sideBySide,
  compatibilityProfile,
  administration,
  audit,
  externalPages,
  appFacts,
  auditCheckpoints,
  bearerChangesOnPostgres,
  openidConnect,
  resourceServers,
  registeredApps,
  pushedRequests,
  tokenFormats,
  metadataDocuments,
  boundTokens,
  strongerClients,
  appPolicies,
  sessionDevices,
  companyInstallations,
  mail,
  appUses,
  operators,
  openRequests,
  developers,
]

export const newestVersion: number = migrations.at(-1)!.version

/** The version that a database of an engine has once everything was applied: some steps are for one engine only. */
export function newestVersionOn(engine: MigrationEngine): number {
  return migrations.findLast(each => each.statements(engine).length > 0)!.version
}

/** A step that was applied to a database, by whichever program. */
export interface AppliedMigration {
  version: number
  works_with?: number | null
}

/**
 * Refuses a database that a newer program has migrated, unless each of its newer steps says that this program works with it.
 * @throws {StoreOpenError}
 */
export function refuseNewer(applied: readonly AppliedMigration[], known: readonly Migration[]) {
  const newestKnown = known.at(-1)?.version ?? 0
  const newer = applied.filter(({ version }) => version > newestKnown)
  if (newer.every(({ works_with }) => typeof works_with === 'number' && works_with <= newestKnown)) return
  const version = Math.max(...newer.map(each => each.version))
  throw new StoreOpenError(
    `The database has schema version ${version}, and this program knows up to ${newestKnown}. Use the newer program; nothing was changed.`,
  )
}

/** Whether the table `migrations` has a place for what works with a step. */
export function recordsWorksWith({ version }: Migration): boolean {
  return version >= sideBySide.version
}
