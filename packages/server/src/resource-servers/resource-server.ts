import type { ResourceScopeRow, ResourceServerRow } from '../store/queries/resource-servers.ts'

/** What a scope allows, by language. */
export type ScopeTexts = Readonly<Record<string, string>>

/** An API that accepts tokens. */
export interface ResourceServer {
  resourceServerId: number
  clientId: string
  name: string
  identifier: string
  /** The scopes that it owns, with what they allow. */
  scopes: Readonly<Record<string, ScopeTexts>>
  /** Whether introspection tells it who a user is. */
  describesUsers: boolean
  /** How tokens for it alone look: it asks what an opaque one is worth, or checks a JWT by itself. */
  tokenFormat: 'opaque' | 'jwt'
  createdAt: number
}

export function toResourceServer(row: ResourceServerRow, scopes: readonly ResourceScopeRow[]): ResourceServer {
  const own = scopes.filter(scope => scope.resource_server_id === row.resource_server_id)
  return {
    resourceServerId: row.resource_server_id,
    clientId: row.client_id,
    name: row.name,
    identifier: row.identifier,
    scopes: Object.fromEntries(own.map(({ scope, texts }) => [scope, JSON.parse(texts) as ScopeTexts])),
    describesUsers: row.describes_users === 1,
    tokenFormat: row.token_format,
    createdAt: row.created_at,
  }
}
