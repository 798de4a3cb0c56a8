/**
 * Whether a company blocks an app. Nearly all block none.
 * @param apps client ids, with spaces between them
 * @param hosts hosts whose client ID metadata documents describe no app there, likewise
 */
export function isBlockedApp(apps: string | null, hosts: string | null, clientId: string): boolean {
  if (apps !== null && isAmong(apps, clientId)) return true
  const host = hosts === null ? undefined : documentHost(clientId)
  return host !== undefined && isAmong(hosts!, host)
}

/** The host of the document that describes an app: the client id is the document's address. */
export function documentHost(clientId: string): string | undefined {
  return /^https?:\/\//.test(clientId) && URL.canParse(clientId) ? new URL(clientId).host : undefined
}

/** A long list is taken apart only where it may have the text: this is asked at every request. */
function isAmong(list: string, text: string): boolean {
  return list.includes(text) && list.split(' ').includes(text)
}
