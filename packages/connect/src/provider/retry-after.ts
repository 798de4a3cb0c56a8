/** Above this a number of seconds is a moment (seconds since 1970), not a while. */
const MOMENT = 1_000_000_000

/**
 * How many seconds an answer asks to wait: `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3), else
 * `X-RateLimit-Reset` in seconds from now or since 1970. Undefined where it does not say.
 * @param now milliseconds since 1970
 */
export function retryAfterSeconds(headers: Headers, now: number): number | undefined {
  const said = headers.get('Retry-After') ?? headers.get('X-RateLimit-Reset')
  if (said === null || said.trim() === '') return undefined
  const number = Number(said)
  if (Number.isFinite(number)) return Math.max(0, number > MOMENT ? number - now / 1000 : number)
  const moment = Date.parse(said)
  return Number.isNaN(moment) ? undefined : Math.max(0, (moment - now) / 1000)
}
