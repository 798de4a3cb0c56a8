/**
 * The platform's own tables, as they were before, and the outbox. Triggers write the key of each row that is created, changed or deleted into the
 * outbox, in the same transaction, whichever program makes the change: nothing is told that was not committed, and nothing is forgotten that was.
 */
export const schema = `
CREATE TABLE IF NOT EXISTS companies (
  id BIGSERIAL PRIMARY KEY,
  name TEXT NOT NULL,
  subdomain TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS people (
  id BIGSERIAL PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  language TEXT NOT NULL DEFAULT 'en_US',
  password_hash TEXT NOT NULL,
  blocked BOOLEAN NOT NULL DEFAULT false
);
CREATE TABLE IF NOT EXISTS employments (
  company_id BIGINT NOT NULL REFERENCES companies ON DELETE CASCADE,
  person_id BIGINT NOT NULL REFERENCES people ON DELETE CASCADE,
  is_admin BOOLEAN NOT NULL DEFAULT false,
  PRIMARY KEY (company_id, person_id)
);
CREATE TABLE IF NOT EXISTS logins (
  id TEXT PRIMARY KEY,
  person_id BIGINT NOT NULL REFERENCES people ON DELETE CASCADE,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS outbox (
  id BIGSERIAL PRIMARY KEY,
  kind TEXT NOT NULL,
  company_id BIGINT,
  person_id BIGINT,
  last_error TEXT
);

CREATE OR REPLACE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed RECORD := coalesce(NEW, OLD);
BEGIN
  CASE TG_TABLE_NAME
    WHEN 'companies' THEN INSERT INTO outbox (kind, company_id) VALUES ('company', changed.id);
    WHEN 'people' THEN INSERT INTO outbox (kind, person_id) VALUES ('user', changed.id);
    ELSE INSERT INTO outbox (kind, company_id, person_id) VALUES ('member', changed.company_id, changed.person_id);
  END CASE;
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER companies_change AFTER INSERT OR UPDATE OR DELETE ON companies FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE OR REPLACE TRIGGER people_change AFTER INSERT OR UPDATE OR DELETE ON people FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE OR REPLACE TRIGGER employments_change AFTER INSERT OR UPDATE OR DELETE ON employments FOR EACH ROW EXECUTE FUNCTION note_change();
`
