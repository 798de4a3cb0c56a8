import { nodeTls } from '../http/node-http.ts'
import type { Certificate } from '../node-server/listen.ts'
import { readTextFile } from './text-file.ts'
import { UsageError } from './usage-error.ts'

/** Where the certificate of the server is. */
export interface CertificateFiles {
  tlsCert?: string | undefined
  tlsKey?: string | undefined
}

/**
 * Reads the certificate with its chain and its key.
 * @returns undefined where none is configured
 * @throws {UsageError} when a file cannot be read, or the two do not belong together
 */
export function readCertificate({ tlsCert, tlsKey }: CertificateFiles): Certificate | undefined {
  if (tlsCert === undefined || tlsKey === undefined) return undefined
  const certificate = { cert: read('tlsCert', tlsCert), key: read('tlsKey', tlsKey) }
  try {
    nodeTls().createSecureContext(certificate)
  } catch (error) {
    throw new UsageError(
      `The certificate in ${tlsCert} cannot be used with the key in ${tlsKey}: ${(error as Error).message}. Both are PEM files, and the key has no passphrase.`,
    )
  }
  return certificate
}

function read(option: string, path: string): string {
  try {
    return readTextFile(path)
  } catch (error) {
    throw new UsageError(`${option}: ${path} cannot be read: ${(error as Error).message}.`)
  }
}
