import { z } from '@hono/zod-openapi'
import { findRegisteredApp } from '../apps/apps.ts'
import { id } from '../companies/input.ts'
import type { Runtime } from '../config/runtime.ts'
import {
  checkConsent,
  checkLogin,
  checkRejection,
  consentAcceptance,
  keepAnswer,
  loginAcceptance,
  rejection,
  requireChallenge,
} from '../sign-in/external/answer.ts'
import { CHALLENGE_LIFETIME, type Challenge } from '../sign-in/external/challenge.ts'
import { formatTime, json, momentText } from './answers.ts'
import { type AdminApp, addOperation } from './operation.ts'

const tag = 'Challenges'
/** Long requests of apps make long challenges. */
const text = z.string().min(1).max(20_000)

const challengeSchema = z
  .object({
    kind: z.enum(['login', 'consent']),
    client_id: z
      .string()
      .nullable()
      .openapi({ description: 'The app that asks; null where the person came by themself.' }),
    client_name: z.string().nullable(),
    company_id: id
      .nullable()
      .openapi({ description: 'Of a sign-in the company that the app expects, if it says one.' }),
    user_id: id.nullable().openapi({ description: 'Of a consent who is signed in.' }),
    scopes: z.array(z.string()),
    install_for: z
      .array(z.enum(['me', 'company']))
      .openapi({ description: 'Of a consent for whom the person may install the app: answer with one of these.' }),
    login_hint: z.string().nullable(),
    ui_locales: z.string().nullable(),
    reauthenticate: z.boolean().openapi({ description: 'Whether the person must sign in though they are signed in.' }),
    expires_at: momentText,
  })
  .openapi('Challenge')

const redirect = {
  200: {
    description: 'Where to send the browser.',
    schema: z.object({ redirect_to: z.string() }).openapi('ChallengeAnswered'),
  },
}

/** How the platform's own sign-in and consent pages answer. */
export function addChallengeOperations(app: AdminApp) {
  for (const kind of ['login', 'consent'] as const) {
    const path = `/${kind}-challenge`
    addOperation(app, {
      method: 'get',
      path,
      scope: 'challenges:read',
      tag,
      summary: `Read what your ${kind} page is asked`,
      query: z.object({ challenge: text }),
      answers: { 200: { description: 'What is asked.', schema: challengeSchema } },
      async handle({ runtime, query }) {
        return json(await representChallenge(runtime, requireChallenge(runtime, kind, query.challenge)))
      },
    })

    addOperation(app, {
      method: 'post',
      path: `${path}/reject`,
      scope: 'challenges:write',
      tag,
      summary: `Refuse a ${kind}`,
      description: 'The app is told `error` and `error_description`.',
      body: z
        .strictObject({ challenge: text, ...rejection.shape })
        .openapi(`${kind === 'login' ? 'Login' : 'Consent'}Rejection`),
      answers: redirect,
      problems: [409],
      async handle({ runtime, body: { challenge: challengeText, ...answer } }) {
        const challenge = requireChallenge(runtime, kind, challengeText)
        return json({ redirect_to: await keepAnswer(runtime, challenge, challengeText, checkRejection(answer)) })
      },
    })
  }

  addOperation(app, {
    method: 'post',
    path: '/login-challenge/accept',
    scope: 'challenges:write',
    tag,
    summary: 'Say who has signed in on your page',
    description:
      'Send the browser to `redirect_to` within five minutes. `company_id` and `scopes` limit what the app can be allowed in this session.',
    body: z.strictObject({ challenge: text, ...loginAcceptance.shape }).openapi('LoginAcceptance'),
    answers: redirect,
    problems: [404, 409],
    async handle({ runtime, body: { challenge: challengeText, ...input } }) {
      const challenge = requireChallenge(runtime, 'login', challengeText)
      const answer = await checkLogin(runtime, challenge, input)
      return json({ redirect_to: await keepAnswer(runtime, challenge, challengeText, answer) })
    },
  })

  addOperation(app, {
    method: 'post',
    path: '/consent-challenge/accept',
    scope: 'challenges:write',
    tag,
    summary: 'Say that the person has allowed the app on your page',
    description: 'Send the browser to `redirect_to` within five minutes.',
    body: z.strictObject({ challenge: text, ...consentAcceptance.shape }).openapi('ConsentAcceptance'),
    answers: redirect,
    problems: [409],
    async handle({ runtime, body: { challenge: challengeText, ...input } }) {
      const challenge = requireChallenge(runtime, 'consent', challengeText)
      const answer = checkConsent(challenge, input)
      return json({ redirect_to: await keepAnswer(runtime, challenge, challengeText, answer) })
    },
  })
}

async function representChallenge(runtime: Runtime, challenge: Challenge): Promise<z.input<typeof challengeSchema>> {
  const { kind, clientId, companyId, userId, scopes, installFor, loginHint, uiLocales, reauthenticate, issuedAt } =
    challenge
  const app = clientId === undefined ? undefined : await findRegisteredApp(runtime, clientId)
  return {
    kind,
    client_id: clientId ?? null,
    client_name: app?.name ?? null,
    company_id: companyId ?? null,
    user_id: userId ?? null,
    scopes: scopes ?? [],
    install_for: installFor ?? [],
    login_hint: loginHint ?? null,
    ui_locales: uiLocales ?? null,
    reauthenticate: reauthenticate ?? false,
    expires_at: formatTime(issuedAt + CHALLENGE_LIFETIME),
  }
}
