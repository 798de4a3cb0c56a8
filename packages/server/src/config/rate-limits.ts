import { z } from 'zod'

/** Requests a minute, or `false` for no limit. */
const limit = z.union([z.int('must be a number of requests a minute').positive().max(1_000_000_000), z.literal(false)])
const optional = limit.optional()

/** What can be limited for one app beyond what holds for all. */
export const appRateLimitsSchema = z.strictObject({
  token: optional,
  introspect: optional,
  api: optional,
  me: optional,
})

export const rateLimitsSchema = z.union(
  [
    z.literal(false),
    z.strictObject({
      token: z.strictObject({ app: optional, address: optional }).optional(),
      introspect: z.strictObject({ app: optional, address: optional }).optional(),
      authorize: z.strictObject({ address: optional }).optional(),
      register: z.strictObject({ address: optional }).optional(),
      api: z.strictObject({ app: optional, company: optional }).optional(),
      me: z.strictObject({ app: optional, company: optional }).optional(),
      admin: z.strictObject({ key: optional }).optional(),
    }),
  ],
  'must be `false`, or an object such as { "token": { "app": 6000 } }',
)

export type AppRateLimits = z.output<typeof appRateLimitsSchema>
export type RateLimitedGroup = keyof Exclude<z.output<typeof rateLimitsSchema>, false>
/** Requests a minute by group and by whom they are counted for; what is absent has no limit. */
export type RateLimits = { readonly [Group in RateLimitedGroup]?: Readonly<Record<string, number | false | undefined>> }

/** Far above what a well-behaved client needs, far below what hurts. None for `GET /users/me`. */
const DEFAULTS: RateLimits = {
  token: { app: 6000, address: 600 },
  introspect: { app: 60_000, address: 600 },
  authorize: { address: 300 },
  register: { address: 10 },
  api: { app: 60_000, company: 6000 },
  admin: { key: 6000 },
}

/** The limits that hold: those that are set over the defaults. In development, which an http origin is, there are none by default. */
export function rateLimitsOf({
  origin,
  rateLimits,
}: {
  origin: string
  rateLimits?: z.output<typeof rateLimitsSchema> | undefined
}): RateLimits {
  if (rateLimits === false) return {}
  const defaults: RateLimits = origin.startsWith('https:') ? DEFAULTS : {}
  const groups = new Set([...Object.keys(defaults), ...Object.keys(rateLimits ?? {})]) as Set<RateLimitedGroup>
  return Object.fromEntries([...groups].map(group => [group, { ...defaults[group], ...rateLimits?.[group] }]))
}
