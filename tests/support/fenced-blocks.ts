import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY } from './sandbox-process.ts'

/** A fenced block of a page: what stands behind its first fence, its lines, and the first of them, counted from 1. */
export interface FencedBlock {
  language: string
  code: string
  line: number
}

/**
 * The fenced blocks of a page of this repository, in their order. A block in a list loses the list's indent.
 * @param page a path such as `docs/library.md`
 */
export function readBlocks(page: string): FencedBlock[] {
  const blocks: FencedBlock[] = []
  let open: (FencedBlock & { indent: string }) | undefined
  for (const [index, line] of readFileSync(join(REPOSITORY, page), 'utf8').split('\n').entries()) {
    const fence = /^(\s*)```(\w*)/.exec(line)
    if (open && fence) {
      blocks.push({ language: open.language, code: open.code, line: open.line })
      open = undefined
    } else if (open) {
      open.code += `${line.startsWith(open.indent) ? line.slice(open.indent.length) : line}\n`
    } else if (fence) {
      open = { language: fence[2]!, code: '', line: index + 2, indent: fence[1]! }
    }
  }
  if (open) throw new Error(`${page}:${open.line}: the block has no end.`)
  return blocks
}

/** The code of the first block of a page below some words of it. */
export function codeAfter(page: string, words: string): string {
  const text = readFileSync(join(REPOSITORY, page), 'utf8')
  const lineOfWords = text.slice(0, text.indexOf(words)).split('\n').length
  const block = text.includes(words) ? readBlocks(page).find(({ line }) => line > lineOfWords) : undefined
  if (!block) throw new Error(`${page} has no code after: ${words}`)
  return block.code
}

const AsyncFunction = (async () => {}).constructor as new (
  ...source: string[]
) => (...given: unknown[]) => Promise<never>

/**
 * Runs the code of a block with the names of `scope` in it; what it imports must be among them.
 * @param result an expression, whose value after the code is returned
 */
export function runCode(code: string, result: string, scope: object): Promise<unknown> {
  const body = code.replace(/^import .*\n/gm, '').replace(/^export /gm, '')
  return new AsyncFunction(...Object.keys(scope), `${body}\nreturn ${result}`)(...Object.values(scope))
}
