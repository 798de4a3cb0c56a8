import { type AdminKeyFacts, createAdminKey, type NewAdminKey } from 'tenantry'
import { beforeEach } from 'vitest'
import { provider } from './provider-of-test.ts'

export interface AdminAnswer {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for
  body: any
}

export type AdminCall = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<AdminAnswer>

/** Calls the admin API with a key that may do everything. */
export let admin: AdminCall

/** Gives each test a key; after `useProvider()`. */
export function useAdmin(): void {
  beforeEach(async () => {
    admin = (await adminWith({ scopes: ['*'] })).call
  })
}

/** A new key, and calls with it. */
export async function adminWith(
  key: Omit<NewAdminKey, 'name'>,
): Promise<{ call: AdminCall; key: string; facts: AdminKeyFacts }> {
  const made = await createAdminKey(provider.runtime, { name: 'of a test', ...key })
  return { call: callWith(made.key), ...made }
}

export function callWith(key: string): AdminCall {
  return async (method, path, body, headers = {}) => {
    const isText = typeof body === 'string'
    const answer = await provider.fetch(`/admin/v1${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${key}`,
        ...(body !== undefined && !isText && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    const isJson = /^application\/(problem\+)?json/.test(answer.headers.get('Content-Type') ?? '')
    return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text }
  }
}

/** The body of a bulk request. */
export const ndjson = (lines: readonly object[]): string => lines.map(line => `${JSON.stringify(line)}\n`).join('')

/** The results of a bulk request. */
export const resultsOf = ({ body }: AdminAnswer): { line: number; status: string; code?: string }[] =>
  String(body)
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
