import type { Command } from 'commander'
import {
  type AdminKeyFacts,
  createAdminKey,
  listAdminKeys,
  type NewAdminKey,
  revokeAdminKey,
} from '../admin-api/admin-keys.ts'
import { adminScopes } from '../admin-api/scopes.ts'
import { type AdministrationOptions, administer, withRuntime } from './administration.ts'
import { collect, given, parseDuration, parseId } from './arguments.ts'
import { formatMoment, print, printRows } from './output.ts'

interface CreateOptions extends AdministrationOptions {
  name: string
  scope: string[]
  company?: number
  expires?: number
}

export function addAdminKeyCommands(program: Command) {
  const adminKey = program.command('admin-key').description('keys of the admin API')

  administer(adminKey.command('create').description('make a key, which is printed only now'))
    .requiredOption('--name <name>', 'what it is for')
    .requiredOption('--scope <scope>', `what it allows, may be repeated: * or ${adminScopes.join(', ')}`, collect)
    .option('--company <id>', 'the only company that it may administer', parseId)
    .option('--expires <time>', 'when it ends, such as 90d; never if left out', parseDuration)
    .action(async (options: CreateOptions) => {
      const { name, scope, company, expires } = options
      const input = { name, scopes: scope, ...given({ companyId: company, lifetime: expires }) } as NewAdminKey
      const { key, facts } = await withRuntime(options, runtime => createAdminKey(runtime, input))
      print(
        options,
        { ...describe(facts), admin_key: key },
        `${key}\nThis is admin key ${facts.keyId}. Store it now: it is not shown again.`,
      )
    })

  administer(
    adminKey.command('list').description('the keys that are accepted; the keys themselves are never shown'),
  ).action(async (options: AdministrationOptions) => {
    const keys = await withRuntime(options, listAdminKeys)
    printRows(options, keys.map(describe), 'There are no admin keys yet.')
  })

  administer(adminKey.command('revoke').description('refuse a key from the next request on'))
    .argument('<key-id>')
    .action(async (keyId: string, options: AdministrationOptions) => {
      await withRuntime(options, runtime => revokeAdminKey(runtime, keyId))
      print(options, { key_id: keyId, revoked: true }, `Admin key ${keyId} is revoked.`)
    })
}

function describe({ keyId, name, scopes, companyId, createdAt, expiresAt, lastUsedAt }: AdminKeyFacts) {
  return {
    key_id: keyId,
    name,
    scopes,
    company_id: companyId,
    created_at: formatMoment(createdAt),
    expires_at: formatMoment(expiresAt),
    last_used_at: formatMoment(lastUsedAt),
  }
}
