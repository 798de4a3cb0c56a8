/** How the kit's pages say whose they are. */
export interface Brand {
  /** The app's name. */
  name?: string
  /** A path on this app to a picture: the pages load nothing from elsewhere. */
  logo?: string
  /** Of buttons and links, as `#rrggbb`; made lighter where the page is dark. */
  color?: string
}

/** What is wrong with it, or undefined. */
export function brandMistake({ logo, color }: Brand): string | undefined {
  if (logo !== undefined && !/^\/(?![/\\])/.test(logo)) return 'brand.logo: a path on this app, such as /logo.svg'
  if (color !== undefined && !/^#[0-9a-f]{6}$/i.test(color)) return 'brand.color: a colour such as #1d5c63'
  return undefined
}

/** Rules that come after the kit's own. */
export function brandStyle({ color }: Brand): string {
  if (color === undefined) return ''
  return `
:root { --accent: ${color}; --on-accent: ${readableOn(channelsOf(color))}; }
@media (prefers-color-scheme: dark) { :root { --accent: ${lighter(color)}; --on-accent: #10161d; } }
`
}

function channelsOf(color: string): number[] {
  return [1, 3, 5].map(at => Number.parseInt(color.slice(at, at + 2), 16))
}

/** White or nearly black, whichever has more contrast (WCAG 2, relative luminance). */
function readableOn(channels: number[]): string {
  const [red = 0, green = 0, blue = 0] = channels.map(channel => {
    const share = channel / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.06 ? '#fff' : '#10161d'
}

/** Two thirds of the way to white. */
function lighter(color: string): string {
  const channels = channelsOf(color).map(channel => Math.round(channel + ((255 - channel) * 2) / 3))
  return `#${channels.map(channel => channel.toString(16).padStart(2, '0')).join('')}`
}
