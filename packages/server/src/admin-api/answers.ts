import { z } from '@hono/zod-openapi'
import { etagOf } from './etag.ts'

/** A moment in ISO 8601, UTC. */
export const momentText = z.string().openapi({ format: 'date-time', example: '2026-01-15T12:00:00.000Z' })

export function formatTime(time: number): string {
  return new Date(time).toISOString()
}

export function formatTimeOrNull(time: number | null): string | null {
  return time === null ? null : formatTime(time)
}

const NO_STORE = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }

export function json(body: object, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { ...NO_STORE, ...headers } })
}

/** One row, with its version. @param versioned what the version is of; all that is shown unless something else is said */
export function jsonRow(representation: object, status = 200, versioned: object = representation): Response {
  return json(representation, status, { ETag: etagOf(versioned) })
}

export function nothing(): Response {
  return new Response(null, { status: 204, headers: { 'Cache-Control': 'no-store' } })
}
