import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { RouteHandler } from '../http/environment.ts'
import { checkUrisScript } from './check-uris-script.ts'
import { style } from './style.ts'

const pico = readFileSync(createRequire(import.meta.url).resolve('@picocss/pico/css/pico.classless.min.css'), 'utf8')
// Its classless form centres the children of body; ours are laid out by our own rules.
const stylesheet = `${pico}\n${style}`

/** The path of an asset changes with its content, so that it can be cached forever. */
const assetPath = (name: string, content: string, type: string) =>
  `/assets/${name}-${hash('sha256', content, 'hex').slice(0, 12)}.${type}`

export const stylesheetPath: string = assetPath('tenantry', stylesheet, 'css')
export const checkUrisScriptPath: string = assetPath('check-uris', checkUrisScript, 'js')

/** A door that stands open. */
const favicon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="14" fill="#1d5c63"/><path d="M18 12h28v40H18z" fill="#e6efee"/><path d="M18 12l17 7v40l-17-7z" fill="#7fc6c4"/><circle cx="30" cy="38" r="2" fill="#1d5c63"/></svg>'

export const faviconAsset: RouteHandler = c =>
  c.body(favicon, 200, { 'Content-Type': 'image/svg+xml', 'Cache-Control': 'public, max-age=86400' })

const FOREVER = { 'Cache-Control': 'public, max-age=31536000, immutable' }

export const stylesheetAsset: RouteHandler = c =>
  c.body(stylesheet, 200, { 'Content-Type': 'text/css; charset=utf-8', ...FOREVER })

export const checkUrisAsset: RouteHandler = c =>
  c.body(checkUrisScript, 200, { 'Content-Type': 'text/javascript; charset=utf-8', ...FOREVER })
