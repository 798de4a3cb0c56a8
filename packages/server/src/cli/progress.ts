import type { Progress } from '../transfer/export-stream.ts'

const WIDTH = 30
/** Milliseconds between two drawings. */
const EVERY = 100

/** A progress bar on standard error if that is a terminal, otherwise nothing. */
export function progressBar(what: string, stream = process.stderr): { progress: Progress; end(): void } {
  let drawn = 0
  let isOpen = false
  return {
    progress(done, total) {
      const isLast = done >= total
      if (!stream.isTTY || (!isLast && performance.now() - drawn < EVERY)) return
      drawn = performance.now()
      const share = total === 0 ? 1 : done / total
      const bar = '█'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '░')
      stream.write(`\r${what}  ${bar}  ${Math.floor(share * 100)} %  ${done.toLocaleString('en')} rows`)
      isOpen = true
    },
    end() {
      if (isOpen) stream.write('\n')
      isOpen = false
    },
  }
}
