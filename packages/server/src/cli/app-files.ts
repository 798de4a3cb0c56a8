import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { withoutMark } from './text-file.ts'
import { UsageError } from './usage-error.ts'

const ICON_TYPES = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.svg': 'image/svg+xml',
} as const

/** @throws {UsageError} when it is no picture, or cannot be read */
export function readIcon(path: string) {
  const type = ICON_TYPES[extname(path).toLowerCase() as keyof typeof ICON_TYPES]
  if (!type) throw new UsageError(`${path} is no icon: it must be a .png, .jpg, .webp or .svg file.`)
  return { type, bytes: new Uint8Array(readFile(path)) }
}

/** @throws {UsageError} when it is not JSON, or cannot be read */
export function readJson(path: string) {
  try {
    return JSON.parse(withoutMark(readFile(path).toString('utf8')))
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${path} is not JSON: ${(error as Error).message}.`)
  }
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}.`)
  }
}
