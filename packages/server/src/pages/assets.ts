import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { RouteHandler } from '../http/environment.ts'
import { style } from './style.ts'

const pico = readFileSync(createRequire(import.meta.url).resolve('@picocss/pico/css/pico.classless.min.css'), 'utf8')
// Its classless form centres the children of body; ours are laid out by our own rules.
const stylesheet = `${pico}\n${style}`

/** Where the pages' one stylesheet is: its name changes with its content, so that it can be kept for ever. */
export const stylesheetPath = `/assets/tenantry-${hash('sha256', stylesheet, 'hex').slice(0, 12)}.css`

export const stylesheetAsset: RouteHandler = c =>
  c.body(stylesheet, 200, {
    'Content-Type': 'text/css; charset=utf-8',
    'Cache-Control': 'public, max-age=31536000, immutable',
  })
