import { hash, randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import type { Identity, LinkReference } from '@tenantry/connect'

export interface Note {
  note_id: number
  text: string
  /** Milliseconds since 1970. */
  created_at: number
}

/** The app's own tables: accounts, their sessions and their notes. The links are kept beside them by the kit. */
export class Database {
  readonly sqlite: DatabaseSync

  constructor(path: string) {
    this.sqlite = new DatabaseSync(path, { timeout: 5000 })
    this.sqlite.exec(`PRAGMA journal_mode = WAL;
      PRAGMA foreign_keys = ON;
      CREATE TABLE IF NOT EXISTS accounts (account_id TEXT PRIMARY KEY, made_for TEXT NOT NULL UNIQUE);
      CREATE TABLE IF NOT EXISTS sessions (
        session_hash TEXT PRIMARY KEY,
        account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE
      );
      CREATE TABLE IF NOT EXISTS notes (
        note_id INTEGER PRIMARY KEY,
        account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
        text TEXT NOT NULL,
        created_at INTEGER NOT NULL
      );
      CREATE TABLE IF NOT EXISTS notebooks (
        company_id INTEGER PRIMARY KEY,
        account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
        app_user_id INTEGER NOT NULL
      );`)
  }

  /**
   * The account that was made for an identity. Made again for the same one, it is the same: should the process die between
   * this and the link, no orphan is left.
   * @param identityKey `identity.key` of the kit
   */
  createAccount(identityKey: string): string {
    const accountId = `account-${randomBytes(6).toString('hex')}`
    const row = this.sqlite
      .prepare(
        `INSERT INTO accounts (account_id, made_for) VALUES (?, ?)
         ON CONFLICT (made_for) DO UPDATE SET made_for = excluded.made_for RETURNING account_id`,
      )
      .get(accountId, identityKey)
    return row!.account_id as string
  }

  /** The account of a whole company, found again by the company. Made again for the same identity, it is the same. */
  createNotebook({ key, companyId, userId }: Identity): string {
    const accountId = this.createAccount(key)
    this.sqlite
      .prepare('INSERT INTO notebooks VALUES (?, ?, ?) ON CONFLICT (company_id) DO NOTHING')
      .run(companyId, accountId, userId)
    return accountId
  }

  /** A company's notebook, and whom the provider knows the company as. */
  findNotebook(companyId: number): { accountId: string; appUser: LinkReference } | undefined {
    const row = this.sqlite.prepare('SELECT account_id, app_user_id FROM notebooks WHERE company_id = ?').get(companyId)
    return row && { accountId: row.account_id as string, appUser: { companyId, userId: row.app_user_id as number } }
  }

  /** The text for a cookie; only its hash is kept. */
  createSession(accountId: string): string {
    const session = randomBytes(32).toString('base64url')
    this.sqlite.prepare('INSERT INTO sessions VALUES (?, ?)').run(hash('sha256', session), accountId)
    return session
  }

  findAccount(session: string): string | null {
    const row = this.sqlite
      .prepare('SELECT account_id FROM sessions WHERE session_hash = ?')
      .get(hash('sha256', session))
    return (row?.account_id as string | undefined) ?? null
  }

  endSession(session: string): void {
    this.sqlite.prepare('DELETE FROM sessions WHERE session_hash = ?').run(hash('sha256', session))
  }

  listNotes(accountId: string): Note[] {
    const notes = this.sqlite.prepare(
      'SELECT note_id, text, created_at FROM notes WHERE account_id = ? ORDER BY note_id DESC LIMIT 100',
    )
    return notes.all(accountId) as unknown as Note[]
  }

  addNote(accountId: string, text: string, now: number): void {
    this.sqlite.prepare('INSERT INTO notes (account_id, text, created_at) VALUES (?, ?, ?)').run(accountId, text, now)
  }

  close(): void {
    this.sqlite.close()
  }
}
