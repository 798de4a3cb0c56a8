import { z } from 'zod'
import { brandSchema } from './brand.ts'
import { consentSchema, loginSchema } from './external-pages.ts'
import { rateLimitsSchema } from './rate-limits.ts'
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
  origin: origin.describe('The https address at which the server is reached. It is the issuer, and may have a path.'),
  // The origin itself by default, since a host name per company needs a wildcard in the DNS.
  apiDomain: z
    .string()
    .regex(/^https?:\/\/[^\s/]+$/, 'must be a scheme and host, such as https://{company_domain}.example.com')
    .optional()
    .describe(
      'The `api_domain` of token responses; the origin by default. `{company_domain}` stands for the domain of the company.',
    ),
  accessTokenLifetime: z.int().positive().default(3600).describe('Seconds.'),
  authorizationCodeLifetime: z.int().positive().max(600).default(300).describe('Seconds.'),
  refreshTokenLifetime: z
    .int()
    .positive()
    .default(60 * DAY)
    .describe('Seconds from the last use.'),
  sessionLifetime: z
    .int()
    .positive()
    .default(14 * DAY)
    .describe('Seconds for which a browser stays signed in.'),
  sessionIdleTimeout: z
    .int()
    .min(60)
    .optional()
    .describe('Seconds without a request after which a browser is not signed in any more; none if left out.'),
  auditRetentionDays: z
    .int()
    .min(1)
    .max(36_500)
    .optional()
    .describe('Days for which events of the audit log are kept; for ever if left out.'),
  trustedProxies: z
    .int()
    .nonnegative()
    .default(0)
    .describe('How many reverse proxies in front of the server append to `X-Forwarded-For`.'),
  scopes: scopeDescriptions
    .default({})
    .describe(
      'Scopes besides `base` and `users:read`, with their texts: `{"deals:read": {"en": "Read your deals"}}`. Configuration file only.',
    ),
  smtpUrl: z
    .string()
    .refine(isSmtp, 'must be the address of a mail server, such as smtps://user:password@smtp.example.com')
    .optional()
    .describe(
      'The mail server that mails go through, `smtps://user:password@host`; with `smtp://` STARTTLS is used where the server has it. Without one nothing is offered that needs mail.',
    ),
  mailFrom: z
    .email('must be an e-mail address')
    .optional()
    .describe('The address that mails come from; `no-reply@` at the host of the origin if left out.'),
  mailbox: z
    .boolean()
    .default(false)
    .describe('Whether mails are kept for a page instead of being sent. For the sandbox only.'),
  outboundProxy: z
    .string()
    .refine(isProxy, 'must be the address of an HTTP proxy, such as http://proxy.example.com:3128')
    .optional()
    .describe('An HTTP proxy for requests to apps, `http://user:password@host:port`. `HTTPS_PROXY` is not used.'),
  brand: brandSchema
    .optional()
    .describe(
      'Your name and look on the pages: `name`, `logo` (a file), `color` and `colorDark` (`#rrggbb`), `privacyUrl`, `termsUrl`, `supportUrl`. Configuration file only.',
    ),
  rateLimits: rateLimitsSchema
    .optional()
    .describe(
      'Requests a minute, as in the [guide](../operations/rate-limits.md); `false` for none at all. Configuration file only.',
    ),
  login: loginSchema
    .optional()
    .describe(
      'Your own sign-in page instead of ours: `url`, and as you wish `publicKeys` (a JWK set that its signed answers are verified with) and `signOutUrl`. Configuration file only.',
    ),
  consent: consentSchema
    .optional()
    .describe('Your own consent page instead of ours: `url`, and as you wish `publicKeys`. Configuration file only.'),
  registration: z
    .enum(['off', 'token', 'open'])
    .default('off')
    .describe('Whether apps may register themselves (RFC 7591): not at all, with `registrationToken`, or all.'),
  registrationToken: z
    .string()
    .min(32, 'needs at least 32 characters; make one with `openssl rand -base64 32`')
    .optional()
    .describe('The initial access token that an app registers itself with, where `registration` is `token`.'),
  registrationScopes: z
    .array(z.string())
    .optional()
    .describe(
      'What apps may ask for that registered themselves, or that companies develop; by default who someone is (`base`, `openid`, `profile` …) and the scopes of resource servers. Configuration file only.',
    ),
  companyApps: z
    .boolean()
    .default(false)
    .describe(
      'Whether companies may let their people register apps on pages of the console; such an app is for its own company until an operator opens it to others. What it may ask for is `registrationScopes`.',
    ),
  metadataDocuments: z
    .boolean()
    .default(false)
    .describe(
      'Whether a client id may be the https address of a document that describes the app (OAuth Client ID Metadata Document), as MCP clients have it.',
    ),
  dpopNonces: z
    .boolean()
    .default(false)
    .describe(
      'Whether DPoP proofs must hold a nonce of the server (RFC 9449 section 8): none can be made beforehand then.',
    ),
  localCallbacks: z
    .boolean()
    .default(false)
    .describe(
      'Whether uninstall callbacks may go to loopback and private addresses and over plain HTTP. For the sandbox only.',
    ),
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
  return checkWith(settingsSchema, input)
}

/** @throws {SettingsError} with every mistake */
export function checkWith<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const checked = schema.safeParse(input, { error: validationWords })
  if (checked.success) return checked.data
  throw new SettingsError(listMistakes(checked.error))
}

/** Each issue of a Zod error as `option: what is wrong`. */
export function listMistakes(error: z.ZodError): string[] {
  return error.issues.map(issue => `${issue.path.join('.') || 'options'}: ${issue.message}`)
}

function isSmtp(text: string): boolean {
  return URL.canParse(text) && /^smtps?:$/.test(new URL(text).protocol) && new URL(text).hostname !== ''
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
