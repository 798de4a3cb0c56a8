/** Hexadecimal digits of a checksum. */
export const CHECKSUM_LENGTH = 8

/** Of each byte, as the table-driven algorithm needs it (RFC 1952 section 8). */
const table = new Int32Array(256).map((_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** Of each character code; -1 for what is not a lower-case hexadecimal digit. */
const digits = new Int8Array(128).fill(-1)
for (const [value, digit] of [...'0123456789abcdef'].entries()) digits[digit.charCodeAt(0)] = value

/**
 * Whether a text of ASCII characters ends with the CRC-32 of everything before it. In JavaScript, since it is checked on
 * every request: a call of `zlib.crc32` with its conversions takes more than twice as long as these 70 steps.
 */
export function endsWithChecksum(text: string): boolean {
  const end = text.length - CHECKSUM_LENGTH
  let crc = -1
  let allCodes = 0
  for (let index = 0; index < end; index++) {
    const code = text.charCodeAt(index)
    allCodes |= code
    crc = table[(crc ^ code) & 255]! ^ (crc >>> 8)
  }
  let expected = 0
  for (let index = end; index < text.length; index++) {
    const code = text.charCodeAt(index)
    allCodes |= code
    const digit = digits[code] ?? -1
    if (digit < 0) return false
    expected = (expected << 4) | digit
  }
  return end >= 0 && allCodes < 128 && ~crc === expected
}
