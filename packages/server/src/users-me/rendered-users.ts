import { ResponseBody } from '../http/hot-route.ts'
import type { BearerRecord } from '../store/bearer-record.ts'
import { writeUser } from './user-json.ts'

const MINUTE = 60_000

class RenderedUser extends ResponseBody {
  readonly minute: number

  constructor(text: string, minute: number) {
    super(text)
    this.minute = minute
  }
}

/**
 * The body of a record, for a token that may be used. The same record gives the same body, except for the time zone's offset: it is
 * rendered once a minute, and kept with the record.
 */
export function renderUser(record: BearerRecord, now: number): ResponseBody {
  const body = new RenderedUser(`{"success":true,"data":${writeUser(record, now)}}`, minuteOf(now))
  record.memo = body
  return body
}

/** What was rendered of a record in this minute, unless its token has expired since: nothing else that decides whether it may be used changes with time. */
export function renderedUser(record: BearerRecord, now: number): ResponseBody | undefined {
  const { memo } = record
  return memo instanceof RenderedUser && memo.minute === minuteOf(now) && record.expiresAt > now ? memo : undefined
}

function minuteOf(now: number): number {
  return Math.floor(now / MINUTE)
}
