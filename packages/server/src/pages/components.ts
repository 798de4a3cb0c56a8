import { html } from 'hono/html'
import type { Fragment } from './messages.ts'

/** An app's icon, or its first letter where it has none. It stands next to the name, so it has no text of its own. */
export function appMark(app: { clientId: string; name: string; hasIcon: boolean }): Fragment {
  if (app.hasIcon) return html`<img src="/apps/${encodeURIComponent(app.clientId)}/icon" alt="" width="56" height="56">`
  const [letter = '?'] = app.name.toLocaleUpperCase()
  return html`<span class="monogram" aria-hidden="true">${letter}</span>`
}

export function hiddenField(name: string, value: string): Fragment {
  return html`<input type="hidden" name="${name}" value="${value}">`
}

/** Something the person should know before going on; read out when the page opens. */
export function notice(text: string): Fragment {
  return html`<div class="notice" role="status">${text}</div>`
}

/** Something that went wrong. */
export function alert(text: string): Fragment {
  return html`<div class="alert" role="alert">${text}</div>`
}

/** A company's logo beside its name, so it has no text of its own. @param version when it was set; undefined for none */
export function companyLogo(companyId: number, version: number | undefined): Fragment | string {
  if (version === undefined) return ''
  return html`<img class="logo" src="/companies/${companyId}/logo?v=${version}" alt="" height="40">`
}

/** A company where the eye lands first, with who the person is there. */
export function companyTile(
  label: string,
  company: { name: string; domain: string; logo?: Fragment | string },
  asYou: Fragment | string = '',
): Fragment {
  return html`<div class="tile">${company.logo ?? ''}<span class="small muted">${label}</span>
<strong class="name">${company.name}</strong> <span class="small muted"><bdi>${company.domain}</bdi></span>
${asYou === '' ? '' : html`<span class="small">${asYou}</span>`}</div>`
}
