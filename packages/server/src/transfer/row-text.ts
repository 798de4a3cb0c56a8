import { hash } from 'node:crypto'
import type { TransferRow, Value } from './tables.ts'

/** A row as one line of JSON: columns by name, in order; bytes as `{"base64": "…"}`. */
export function writeRow(row: TransferRow): string {
  const names = Object.keys(row).sort()
  return `{${names.map(name => `${JSON.stringify(name)}:${writeValue(row[name]!)}`).join()}}`
}

function writeValue(value: Value): string {
  if (value instanceof Uint8Array) return `{"base64":"${Buffer.from(value).toString('base64')}"}`
  return JSON.stringify(value)
}

/** @throws {TypeError} when a value is none of a row's */
export function readRow(row: Record<string, unknown>): TransferRow {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, readValue(name, value)]))
}

function readValue(name: string, value: unknown): Value {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value
  const { base64 } = value as { base64?: unknown }
  if (typeof base64 !== 'string') throw new TypeError(`The column ${name} holds no value of a row.`)
  return Uint8Array.from(Buffer.from(base64, 'base64'))
}

const MODULUS = 1n << 64n

/** Of a set of rows, whatever order they are read in: how many, and the sum of their hashes. */
export class Checksum {
  count = 0
  #sum = 0n

  add(row: TransferRow) {
    this.count += 1
    this.#sum = (this.#sum + BigInt(`0x${hash('sha256', writeRow(row), 'hex').slice(0, 16)}`)) % MODULUS
  }

  equals(other: Checksum): boolean {
    return this.count === other.count && this.#sum === other.#sum
  }
}
