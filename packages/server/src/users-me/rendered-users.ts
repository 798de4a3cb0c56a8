import { ResponseBody } from '../http/hot-route.ts'
import type { BearerRecord } from '../store/bearer-record.ts'
import { writeUser } from './user-json.ts'

const MINUTE = 60_000
/** A power of two above the number of records that the store caches. */
const SLOTS = 2 ** 16

class RenderedUser extends ResponseBody {
  readonly record: BearerRecord
  readonly minute: number

  constructor(text: string, record: BearerRecord, minute: number) {
    super(text)
    this.record = record
    this.minute = minute
  }
}

/**
 * Bodies of records that were rendered before, each in the slot of its serial number. A record that the store does not
 * cache is a new one at each look-up, so a body is cached from the second time on. Faster than a `WeakMap`, which makes
 * garbage collection slower with every entry.
 */
const rendered: (RenderedUser | undefined)[] = new Array(SLOTS).fill(undefined)
const renderedOnce = new Float64Array(SLOTS).fill(-1)

/** The same record gives the same body, except for the time zone's offset: rendered once a minute. */
export function renderUser(record: BearerRecord, now: number): ResponseBody {
  const minute = Math.floor(now / MINUTE)
  const slot = record.serial & (SLOTS - 1)
  const known = rendered[slot]
  if (known?.record === record && known.minute === minute) return known
  const body = new RenderedUser(`{"success":true,"data":${writeUser(record, now)}}`, record, minute)
  if (renderedOnce[slot] === record.serial) rendered[slot] = body
  renderedOnce[slot] = record.serial
  return body
}
