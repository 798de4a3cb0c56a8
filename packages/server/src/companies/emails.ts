import { domainToASCII, domainToUnicode } from 'node:url'

/** What a browser accepts in a field of type email (HTML, section 4.10.5.1.5), once the domain is ASCII. */
const SUBMITTABLE =
  /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/

/**
 * An e-mail address as it is compared: in lower case, its domain in ASCII (Punycode, RFC 5891), as browsers submit it.
 * What is no address is given back as it is.
 */
export function canonicalEmail(text: string): string {
  const email = text.trim().toLowerCase()
  const at = email.lastIndexOf('@')
  const domain = domainToASCII(email.slice(at + 1))
  return at < 1 || domain === '' ? email : `${email.slice(0, at)}@${domain}`
}

/** Every form that earlier programs may have stored an address in, the canonical one first. */
export function emailForms(text: string): string[] {
  const canonical = canonicalEmail(text)
  const at = canonical.lastIndexOf('@')
  const readable = `${canonical.slice(0, at)}@${domainToUnicode(canonical.slice(at + 1))}`
  return at < 1 || readable === canonical ? [canonical] : [canonical, readable]
}

/** Whether a person can type it into a browser's e-mail field and have it submitted. */
export function isSubmittable(canonical: string): boolean {
  return SUBMITTABLE.test(canonical)
}
