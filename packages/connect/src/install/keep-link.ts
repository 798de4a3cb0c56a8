import { ConnectError } from '../errors.ts'
import type { Id } from '../ids.ts'
import type { InstallQuestion } from '../install-answer.ts'
import { type Link, toLink } from '../link.ts'
import type { Kit } from '../options.ts'
import type { Identity } from '../provider/identity.ts'
import type { TokenSet } from '../provider/token-answer.ts'
import type { StoredLink } from '../store/store.ts'
import { leaseOf, pauseBeforeLook, underLease } from '../store/wait-for-lease.ts'
import { keepTokens } from '../tokens/vault.ts'
import { decide, requireFree } from './decide.ts'

export interface Install {
  identity: Identity<Id>
  tokens: TokenSet
  /** Milliseconds since 1970 by the provider's clock. */
  installedAt: number
  account: string | null
  intent: InstallQuestion['intent']
  request: Request
}

export interface StoredInstall {
  link: Link<Id>
  created: boolean
}

const TIMEOUT = 30_000

/**
 * Asks the app whose account an install belongs to, and keeps the link. Installs of one identity go one after the other,
 * in all processes, so that two callbacks at once make one account.
 * @throws {ConnectError} what `decide` throws
 */
export async function keepLink(kit: Kit, install: Install): Promise<StoredInstall> {
  const deadline = performance.now() + TIMEOUT
  for (let attempt = 0; performance.now() < deadline; attempt++) {
    const done = await underLease(kit.store, leaseOf(install.identity), () => keepUnderLease(kit, install))
    if (done) return done.result
    await pauseBeforeLook(attempt)
  }
  throw new ConnectError(
    'provider_unavailable',
    'Another install of the same person has been going on for too long; try again.',
  )
}

async function keepUnderLease(kit: Kit, install: Install): Promise<StoredInstall> {
  const { identity, account, intent, request } = install
  const stored = await kit.store.findLink(identity)
  const question: InstallQuestion<Id> = { identity, link: stored && toLink(stored), account, intent, request }
  requireFree(question)
  const decision = decide(await kit.hooks.onInstall(question), question)
  const fields = await fieldsOf(kit, install)
  if (stored) return { link: await replace(kit, stored, fields), created: false }
  const accountId = 'create' in decision ? await decision.create() : decision.accountId
  if (typeof accountId !== 'string' || accountId === '')
    throw new TypeError('createAccount() must give back the id of the new account, a text.')
  const link: StoredLink = { ...fields, accountId, version: 1 }
  if (!(await kit.store.insertLink(link)))
    throw new Error('The lease of an install was lost, and another process stored a link.')
  return { link: toLink(link), created: 'create' in decision }
}

type Fields = Omit<StoredLink, 'accountId' | 'version'>

async function fieldsOf(kit: Kit, { identity, tokens, installedAt }: Install): Promise<Fields> {
  const { provider, companyId, userId } = identity
  return {
    provider,
    companyId,
    userId,
    status: 'active',
    notice: null,
    identity: JSON.stringify(identity),
    scope: tokens.scope,
    apiDomain: tokens.apiDomain,
    ...(await keepTokens(kit.keyring, identity, tokens)),
    installedAt,
    updatedAt: kit.clock(),
  }
}

/** Concurrent writes are older than this install; only the account stays. */
async function replace(kit: Kit, before: StoredLink, fields: Fields): Promise<Link<Id>> {
  let base: StoredLink | undefined = before
  while (base && base.accountId === before.accountId) {
    const link = { ...fields, accountId: base.accountId, version: base.version + 1 }
    if (await kit.store.replaceLink(link)) return toLink(link)
    base = await kit.store.findLink(before)
  }
  throw new ConnectError(
    'link_belongs_to_another_account',
    'The link was moved or forgotten during the install; try again.',
  )
}
