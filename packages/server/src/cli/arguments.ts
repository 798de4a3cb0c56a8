import { InvalidArgumentError } from 'commander'

/** An id given as an argument. */
export function parseId(text: string): number {
  const id = Number(text)
  if (!/^[1-9]\d*$/.test(text) || !Number.isSafeInteger(id))
    throw new InvalidArgumentError('It must be a positive integer.')
  return id
}

export function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65535) throw new InvalidArgumentError('It must be a number from 0 to 65535.')
  return port
}

export function parseWorkers(text: string): number {
  const workers = Number(text)
  if (!/^\d+$/.test(text) || workers < 1 || workers > 256)
    throw new InvalidArgumentError('It must be a number from 1 to 256.')
  return workers
}

export function parseYesOrNo(text: string): boolean {
  if (text === 'true' || text === 'yes') return true
  if (text === 'false' || text === 'no') return false
  throw new InvalidArgumentError('It must be yes or no.')
}

/** For options that may stand several times. */
export function collect(text: string, before: string[] = []): string[] {
  return [...before, text]
}

export function parseRole(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be an integer.')
  return Number(text)
}
