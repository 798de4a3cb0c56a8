import { readFileSync } from 'node:fs'

/**
 * A file's text, without the byte order mark that some editors write.
 * @throws what reading throws
 */
export function readTextFile(path: string): string {
  return withoutMark(readFileSync(path, 'utf8'))
}

export function withoutMark(text: string): string {
  return text.replace(/^\ufeff/, '')
}
