import type { TLSSocket } from 'node:tls'
import { nodeTls } from '../../http/node-http.ts'
import type { Configuration } from '../serve-configuration.ts'
import { compareClocks } from './database-checks.ts'
import { type Finding, ok, problem, warning } from './finding.ts'

const TIMEOUT = 5000
const DAY = 24 * 3600 * 1000
const SOON = 14 * DAY
/** A Date header has whole seconds, and was on its way. */
const CLOCK_TOLERANCE = 5000

/** Whether people and apps reach the server at its origin, and what lies in between. */
export async function checkOrigin({ origin, trustedProxies, host }: Configuration): Promise<Finding[]> {
  const isTls = origin.startsWith('https:')
  const findings: Finding[] = []
  if (isTls && trustedProxies === 0) {
    findings.push(
      warning(
        'proxy',
        'The origin is https, which a proxy answers, and trustedProxies is 0: all people seem to come from the proxy’s address.',
        'Set trustedProxies to the number of proxies that append to X-Forwarded-For (TENANTRY_TRUSTED_PROXIES), mostly 1.',
      ),
    )
  }
  if (isTls && !/^(127\.|localhost$|::1$)/.test(host)) {
    findings.push(
      warning(
        'proxy',
        `The server listens on ${host} without TLS.`,
        'Make sure that only the proxy reaches it: a firewall, a network of its own, or 127.0.0.1.',
      ),
    )
  }
  if (isTls) findings.push(await checkCertificate(new URL(origin)))
  findings.push(...(await checkAnswer(origin)))
  return findings
}

async function checkAnswer(origin: string): Promise<Finding[]> {
  const { pathname } = new URL(origin)
  const inserted = `${new URL(origin).origin}/.well-known/oauth-authorization-server${pathname === '/' ? '' : pathname}`
  let response: Response
  try {
    response = await fetch(inserted, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT) })
  } catch (error) {
    const reason = ((error as Error).cause as Error | undefined)?.message ?? (error as Error).message
    return [
      problem(
        'origin',
        `${inserted} cannot be reached from here (${reason}).`,
        'Start the server; then look at the DNS, the firewall and the proxy. If only this machine cannot reach it, ask from another.',
      ),
    ]
  }
  const body = (await response.json().catch(() => undefined)) as { issuer?: unknown } | undefined
  if (response.status !== 200 || typeof body?.issuer !== 'string') {
    return [
      problem(
        'origin',
        `${inserted} is answered with ${response.status}, not by Tenantry.`,
        'Let the proxy pass all paths on, /.well-known/ included.',
      ),
    ]
  }
  const findings =
    body.issuer === origin
      ? [ok('origin', `${origin} is answered by a server with the same origin.`)]
      : [
          problem(
            'origin',
            `The server there calls itself ${body.issuer}.`,
            'Set the same origin for all servers, or look where the DNS and the proxy lead.',
          ),
        ]
  const date = Date.parse(response.headers.get('Date') ?? '')
  if (!Number.isNaN(date)) findings.push(compareClocks(origin, date, Date.now(), CLOCK_TOLERANCE))
  return findings
}

async function checkCertificate({ hostname, port }: URL): Promise<Finding> {
  const socket = nodeTls().connect({
    host: hostname,
    port: Number(port || 443),
    servername: hostname,
    rejectUnauthorized: false,
  })
  socket.setTimeout(TIMEOUT)
  try {
    await secured(socket)
    const { valid_to } = socket.getPeerCertificate()
    const left = Date.parse(valid_to) - Date.now()
    if (!socket.authorized) {
      return problem(
        'tls',
        `The certificate is not valid: ${socket.authorizationError}.`,
        'Renew it, with the whole chain.',
      )
    }
    const message = `The certificate is valid until ${valid_to}.`
    if (left > SOON) return ok('tls', message)
    return warning('tls', message, 'See that it is renewed by itself.')
  } catch (error) {
    return problem(
      'tls',
      `No TLS connection to ${hostname}: ${(error as Error).message}.`,
      'Look at the DNS and the proxy.',
    )
  } finally {
    socket.destroy()
  }
}

function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', reject)
    socket.once('timeout', () => reject(new Error('it does not answer within five seconds')))
  })
}
