/** The name that an entry has in JSON: `redirectUris` is `redirect_uris`. */
export function toJsonName(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}
