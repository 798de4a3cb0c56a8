import { expect, it } from 'vitest'
import { BearerRecord } from '../store/bearer-record.ts'
import { renderUser } from './rendered-users.ts'

const CACHED_AT_MOST = 2 ** 16
const NOW = Date.UTC(2026, 0, 15, 12)

/** A record of a user with this id, as the store makes it. */
function newRecord(userId: number, timezone = 'UTC'): BearerRecord {
  const tokenRow = [userId, 'c', 'base', NOW, `User ${userId}`, 'a@b.example', null, 'en_US', timezone, 'EUR', 0, 1]
  return new BearerRecord(
    1,
    [...tokenRow, null, 0, null, 1, 1, NOW, null, null],
    ['A', 'a', null, null, null],
    [null, 'standard', 'base'],
  )
}

const userIdIn = (body: { text: string }) => (JSON.parse(body.text) as { data: { id: number } }).data.id

it('the cache renders a record that comes again once, and does not keep one that comes once', () => {
  const record = newRecord(1)
  const first = renderUser(record, NOW)
  const second = renderUser(record, NOW)
  expect(second).not.toBe(first)
  expect(renderUser(record, NOW)).toBe(second)
})

it('the cache of bodies never answers with the body of another record, though they share a place in the cache', () => {
  const record = newRecord(1)
  let other = newRecord(2)
  while (other.serial - record.serial < CACHED_AT_MOST) other = newRecord(2)
  for (let round = 0; round < 4; round++) {
    for (let again = 0; again <= round; again++) expect(userIdIn(renderUser(record, NOW))).toBe(1)
    for (let again = 0; again <= round; again++) expect(userIdIn(renderUser(other, NOW))).toBe(2)
  }
})

it('the cache of bodies renders again in the next minute, with the offset of the time zone by then', () => {
  const record = newRecord(1, 'Europe/Helsinki')
  const beforeSummer = Date.UTC(2026, 2, 29, 0, 59, 59)
  const offsetAt = (now: number) => {
    const { data } = JSON.parse(renderUser(record, now).text) as { data: { timezone_offset: string } }
    return data.timezone_offset
  }
  for (let again = 0; again < 3; again++) expect(offsetAt(beforeSummer)).toBe('+02:00')
  expect(offsetAt(beforeSummer + 1000)).toBe('+03:00')
})
