import { StoreOpenError } from '../store.ts'

const EXAMPLE = 'postgres://user:password@host/database'

/** @throws {StoreOpenError} when it is not an address of a PostgreSQL database; the message shows the right form */
export function requireAddress(text: string) {
  const mistake = addressMistake(text)
  if (mistake !== undefined) throw new StoreOpenError(`The database's address: ${mistake}`)
}

/** What is wrong with an address, and the right form. The address itself is left out: it may hold a password. */
function addressMistake(text: string): string | undefined {
  if (!/^postgres(ql)?:\/\//.test(text)) return `it must be one such as ${EXAMPLE}.`
  if (text.includes('#')) return 'a # in it must be written as %23, also in a password.'
  const authority = text.replace(/^postgres(ql)?:\/\//, '').split(/[/?]/)[0]!
  if (authority.slice(authority.lastIndexOf('@') + 1).includes(',')) {
    return 'it names several hosts. Give the one name that leads to the primary, of a proxy or of your DNS.'
  }
  if (URL.canParse(text)) return undefined
  if (/^([^@]*@)?$/.test(authority)) {
    return 'a socket is named by the folder that it is in: postgres:///database?host=/var/run/postgresql&user=name.'
  }
  return `it must be one such as ${EXAMPLE}; what is not a letter or a digit in the password is written as %40 for @, %2F for /, %3A for :.`
}
