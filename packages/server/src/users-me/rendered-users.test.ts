import { expect, it } from 'vitest'
import { BearerRecord } from '../store/bearer-record.ts'
import { renderedUser, renderUser } from './rendered-users.ts'

const NOW = Date.UTC(2026, 0, 15, 12)
const EXPIRES = NOW + 20_000

/** A record of a user with this id, as the store makes it. */
function newRecord(userId: number, timezone = 'UTC', expiresAt = EXPIRES): BearerRecord {
  const tokenRow = [
    userId,
    'c',
    'base',
    expiresAt,
    `User ${userId}`,
    'a@b.example',
    null,
    'en_US',
    timezone,
    'EUR',
    0,
    1,
  ]
  return new BearerRecord(
    1,
    [...tokenRow, null, 0, null, 1, 1, NOW, null, null],
    ['A', 'a', null, null, null],
    [null, 'standard', 'base'],
  )
}

const userIdIn = (body: { text: string }) => (JSON.parse(body.text) as { data: { id: number } }).data.id

it('what was rendered of a record is given for it, and not for another one of the same user', () => {
  const record = newRecord(1)
  expect(renderedUser(record, NOW)).toBeUndefined()
  const body = renderUser(record, NOW)
  expect(userIdIn(body)).toBe(1)
  expect(renderedUser(record, NOW)).toBe(body)
  expect(renderedUser(newRecord(1), NOW)).toBeUndefined()
})

it('what was rendered is not given once the token has expired, though the minute is the same', () => {
  const record = newRecord(1)
  const body = renderUser(record, NOW)
  expect(renderedUser(record, EXPIRES - 1)).toBe(body)
  expect(renderedUser(record, EXPIRES)).toBeUndefined()
})

it('what was rendered is not given in another minute, since the offset of the time zone may be another by then', () => {
  const record = newRecord(1, 'Europe/Helsinki', Date.UTC(2027, 0))
  const beforeSummer = Date.UTC(2026, 2, 29, 0, 59, 59)
  const offsetIn = (body: { text: string }) =>
    (JSON.parse(body.text) as { data: { timezone_offset: string } }).data.timezone_offset
  expect(offsetIn(renderUser(record, beforeSummer))).toBe('+02:00')
  expect(renderedUser(record, beforeSummer + 999)).toBeDefined()
  for (const other of [beforeSummer + 1000, beforeSummer - 60_000]) expect(renderedUser(record, other)).toBeUndefined()
  expect(offsetIn(renderUser(record, beforeSummer + 1000))).toBe('+03:00')
})
