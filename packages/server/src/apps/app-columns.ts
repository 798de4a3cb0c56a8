import type { z } from 'zod'
import { describeChange } from '../audit/record.ts'
import type { AppColumns, AppRow } from '../store/queries/apps.ts'
import { parseScopes } from '../tokens/scopes.ts'
import type { appChange } from './app-input.ts'

const DESCRIBED = [
  'name',
  'maker',
  'icon',
  'redirect_uris',
  'scopes',
  'profile',
  'public',
  'require_pkce',
  'uninstall_url',
  'disabled_at',
] as const

/** For the audit log. */
export function describeAppChange(before: Partial<AppRow>, after: AppRow) {
  return describeChange(before, after, DESCRIBED, { isPerson: false })
}

/** What a change of a registration writes. */
export function toColumns(given: z.output<typeof appChange>, before: AppRow, now: number): AppColumns {
  return {
    ...(given.disabled !== undefined && { disabled_at: given.disabled ? (before.disabled_at ?? now) : null }),
    ...(given.name !== undefined && { name: given.name }),
    ...(given.maker !== undefined && { maker: given.maker }),
    ...(given.icon !== undefined && { icon: given.icon?.bytes ?? null, icon_type: given.icon?.type ?? null }),
    ...(given.redirectUris !== undefined && { redirect_uris: JSON.stringify(given.redirectUris) }),
    ...(given.scopes !== undefined && { scopes: parseScopes(given.scopes.join(' '), 'standard')!.join(' ') }),
    ...(given.profile !== undefined && { profile: given.profile }),
    ...(given.requirePkce !== undefined && { require_pkce: given.requirePkce || before.public === 1 ? 1 : 0 }),
    ...(given.uninstallUrl !== undefined && { uninstall_url: given.uninstallUrl }),
  }
}
