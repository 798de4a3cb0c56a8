import { z } from 'zod'
import { validationWords } from './validation-words.ts'

const DAY = 24 * 60 * 60

const origin = z
  .string()
  .refine(
    isIssuer,
    'must be a scheme and host, with or without a path, such as https://id.example.com or https://example.com/id',
  )
  .transform(text => new URL(text).origin + new URL(text).pathname.replace(/\/$/, ''))

/** A description of a scope in the languages of the pages: `{ "en": "Read your deals", "fr": "…" }`. */
const scopeDescriptions = z.record(
  z.string().regex(/^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/),
  z.record(z.string(), z.string()),
)

/** What can be set of a provider besides its database and its keys. Durations are in seconds. */
export const settingsSchema = z.strictObject({
  /** Where the provider is reached, and its issuer identifier; it may have a path. */
  origin,
  /**
   * What the token answer calls `api_domain`; `{company_domain}` stands for the company's. The origin itself when not
   * set, since a host name per company needs a wildcard in the DNS.
   */
  apiDomain: z
    .string()
    .regex(/^https?:\/\/[^\s/]+$/, 'must be a scheme and host, such as https://{company_domain}.example.com')
    .optional(),
  accessTokenLifetime: z.int().positive().default(3600),
  authorizationCodeLifetime: z.int().positive().max(600).default(300),
  refreshTokenLifetime: z
    .int()
    .positive()
    .default(60 * DAY),
  sessionLifetime: z
    .int()
    .positive()
    .default(14 * DAY),
  /** How many reverse proxies stand in front and append to `X-Forwarded-For`. */
  trustedProxies: z.int().nonnegative().default(0),
  scopes: scopeDescriptions.default({}),
  /**
   * An HTTP proxy that requests to others go through, `http://user:password@host:port`. Only what is set here is used: the
   * variables that other programs follow (`HTTPS_PROXY`) are not.
   */
  outboundProxy: z
    .string()
    .refine(isProxy, 'must be the address of an HTTP proxy, such as http://proxy.example.com:3128')
    .optional(),
  /** Whether uninstall callbacks may go to loopback and private addresses and over plain HTTP. */
  localCallbacks: z.boolean().default(false),
})

export type SettingsInput = z.input<typeof settingsSchema>
export type Settings = z.output<typeof settingsSchema>

/** Options that make no sense, each mistake with the name of its option. */
export class SettingsError extends Error {
  override name = 'SettingsError'
  readonly mistakes: readonly string[]
  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'))
    this.mistakes = mistakes
  }
}

/** @throws {SettingsError} with every mistake */
export function checkSettings(input: SettingsInput): Settings {
  const checked = settingsSchema.safeParse(input, { error: validationWords })
  if (checked.success) return checked.data
  throw new SettingsError(listMistakes(checked.error))
}

/** Each issue of a Zod error as `option: what is wrong`. */
export function listMistakes(error: z.ZodError): string[] {
  return error.issues.map(issue => `${issue.path.join('.') || 'options'}: ${issue.message}`)
}

function isProxy(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && /^\/?$/.test(new URL(text).pathname)
}

function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return (
    /^https?:$/.test(url.protocol) &&
    /^(\/|(\/[A-Za-z0-9._~-]+)+\/?)$/.test(url.pathname) &&
    !/[?#]/.test(text) &&
    !url.search &&
    !url.hash &&
    !url.username
  )
}
