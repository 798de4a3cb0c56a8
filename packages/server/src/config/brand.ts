import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { contrast, mix } from './contrast.ts'

/** A picture that pages show, as it is served. */
export interface Picture {
  type: 'image/svg+xml' | 'image/png' | 'image/jpeg' | 'image/webp'
  bytes: Uint8Array<ArrayBuffer>
}

/** Behind what is chosen, on pages with the brand's colour: without a colour of its own. */
export const TILE = { light: '#edeeee', dark: '#2b3233' } as const

/** The surfaces that text and buttons of the brand's colour stand on: those of the stylesheet, and the tile. */
const LIGHT = ['#ffffff', '#f3f5f4', TILE.light]
const DARK = ['#182325', '#10181a', TILE.dark]
/** WCAG 2.2, success criterion 1.4.3. */
const ENOUGH = 4.5
const MAX_LOGO = 256 * 1024

const colour = z.string().regex(/^#[0-9a-fA-F]{6}$/, 'must be a colour such as #1d5c63')
const link = z
  .string()
  .max(2000)
  .refine(
    text => URL.canParse(text) && /^(https|mailto):$/.test(new URL(text).protocol),
    'must be an https or mailto address',
  )

const brandFields = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(60)
    .regex(/^\P{Cc}*$/u, 'must not contain control characters'),
  logo: z
    .string()
    .superRefine((path, context) => {
      const picture = readPicture(path)
      if (typeof picture === 'string') context.addIssue({ code: 'custom', message: picture })
    })
    .optional(),
  color: colour.optional(),
  colorDark: colour.optional(),
  privacyUrl: link.optional(),
  termsUrl: link.optional(),
  supportUrl: link.optional(),
})

/** The provider's own name and look on the pages. Colours that could not be read are refused at start. */
export const brandSchema = brandFields.superRefine(({ color, colorDark }, context) => {
  const check = (path: string, value: string | undefined, surfaces: readonly string[], where: string) => {
    const worst = value === undefined ? ENOUGH : worstContrast(value, surfaces)
    if (worst >= ENOUGH) return
    const message = `has a contrast of ${worst.toFixed(1)} to 1 on ${where} pages; text needs ${ENOUGH}. Choose a ${where === 'light' ? 'darker' : 'lighter'} colour`
    context.addIssue({ code: 'custom', path: [path], message })
  }
  check('color', color, LIGHT, 'light')
  check('colorDark', colorDark, DARK, 'dark')
})

export type Brand = z.output<typeof brandSchema>

/** The brand's colour on dark pages: the one that was given, or the other one made lighter until it can be read. */
export function darkColour({ color, colorDark }: Brand): string | undefined {
  if (colorDark !== undefined || color === undefined) return colorDark
  for (let part = 0; part < 1; part += 0.05) {
    const lighter = mix(color, '#ffffff', part)
    if (worstContrast(lighter, DARK) >= ENOUGH) return lighter
  }
  return '#ffffff'
}

/** Black or white, whichever is read better on a colour. */
export function inkOn(colour: string): string {
  return contrast(colour, '#ffffff') >= contrast(colour, '#000000') ? '#ffffff' : '#000000'
}

function worstContrast(colour: string, surfaces: readonly string[]): number {
  return Math.min(...surfaces.map(surface => contrast(colour, surface)))
}

/** The picture in a file, or what is wrong with it. */
export function readPicture(path: string): Picture | string {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    return `cannot be read: ${(error as NodeJS.ErrnoException).code ?? error}`
  }
  if (bytes.length > MAX_LOGO) return 'must be at most 256 KiB'
  const type = pictureType(bytes)
  return type === undefined ? 'must be an SVG, PNG, JPEG or WebP image' : { type, bytes: new Uint8Array(bytes) }
}

/** By what the bytes are, whatever a name says. */
export function pictureType(bytes: Buffer): Picture['type'] | undefined {
  if (bytes.subarray(0, 8).equals(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'))) return 'image/png'
  if (bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))) return 'image/jpeg'
  if (bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP') return 'image/webp'
  return /^\uFEFF?\s*(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*)*<svg[\s>]/.test(bytes.toString('utf8', 0, 4096))
    ? 'image/svg+xml'
    : undefined
}

/** What the platform calls itself: its host where it has said nothing. */
export function platformName({ brand, origin }: { brand?: { name: string } | undefined; origin: string }): string {
  return brand?.name ?? new URL(origin).host
}
