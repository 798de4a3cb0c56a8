/** What an admin key may be allowed to read or write. */
export const adminResources = [
  'companies',
  'users',
  'members',
  'apps',
  'resource-servers',
  'installations',
  'tokens',
  'sessions',
  'challenges',
  'callbacks',
  'keys',
  'settings',
  'audit',
] as const

export type AdminResource = (typeof adminResources)[number]
export type AdminScope = `${AdminResource}:${'read' | 'write'}`

/** Every scope; `*` stands for all. */
export const adminScopes: readonly AdminScope[] = adminResources.flatMap(resource => [
  `${resource}:read` as const,
  `${resource}:write` as const,
])

/** Whether scopes, as they are stored, allow what a route needs. Who may write may read. */
export function allowsScope(stored: string, needed: AdminScope): boolean {
  const scopes = stored.split(' ')
  return scopes.includes('*') || scopes.includes(needed) || scopes.includes(needed.replace(/:read$/, ':write'))
}
