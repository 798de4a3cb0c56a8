const MINUTE = 60_000

interface Zone {
  format: Intl.DateTimeFormat
  minute: number
  offset: string
}

const zones = new Map<string, Zone>()

/**
 * The offset of a time zone at a moment, daylight saving included, such as `+02:00`. Clocks change on whole minutes,
 * so it is computed once a minute and zone.
 */
export function timezoneOffset(name: string, now: number): string {
  const zone = zones.get(name) ?? newZone(name)
  const minute = Math.floor(now / MINUTE)
  if (zone.minute !== minute) {
    zone.minute = minute
    zone.offset = computeOffset(zone.format, now)
  }
  return zone.offset
}

function newZone(name: string): Zone {
  const format = new Intl.DateTimeFormat('en', { timeZone: name, timeZoneName: 'longOffset' })
  const zone = { format, minute: Number.NaN, offset: '' }
  zones.set(name, zone)
  return zone
}

function computeOffset(format: Intl.DateTimeFormat, now: number): string {
  const name = format.formatToParts(now).find(part => part.type === 'timeZoneName')?.value ?? 'GMT'
  return name === 'GMT' ? '+00:00' : name.slice('GMT'.length)
}
