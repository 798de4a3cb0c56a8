import Bowser from 'bowser'

const MAX_HEADER = 500

/** What a person recognises a browser by, such as `Firefox · Linux`; null where it does not say. */
export function describeDevice(userAgent: string | undefined): string | null {
  if (userAgent === undefined) return null
  const { browser, os } = Bowser.parse(userAgent.slice(0, MAX_HEADER))
  const names = [browser.name, os.name].filter(name => name !== undefined && name !== '')
  return names.length === 0 ? null : names.join(' · ').slice(0, 100)
}
