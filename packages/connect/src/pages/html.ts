/** Markup that is safe to show as it is. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Part = string | number | Markup | Part[] | null | undefined

/** Markup from a template; values are escaped unless they are markup themselves. */
export function html(texts: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(texts.map((text, index) => text + (index < parts.length ? show(parts[index]) : '')).join(''))
}

function show(part: Part): string {
  if (part === null || part === undefined) return ''
  if (Array.isArray(part)) return part.map(show).join('')
  return part instanceof Markup ? part.text : escapeText(String(part))
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, character => ENTITIES[character]!)
}
