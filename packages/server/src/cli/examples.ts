import type { Command } from 'commander'

/** One line that works, for the help of each command. */
const examples: Record<string, string> = {
  dev: 'tenantry dev --port 5000 --data ./my-sandbox',
  serve:
    'TENANTRY_SECRETS_FILE=/etc/tenantry/secrets tenantry serve --origin https://id.example.com --data /var/lib/tenantry',
  doctor: 'tenantry doctor --config /etc/tenantry/config.json',
  migrate: 'tenantry migrate --data /var/lib/tenantry',
  export: 'tenantry export --output tenantry.ndjson',
  import: 'tenantry import --data ./new --input tenantry.ndjson',
  copy: 'TENANTRY_DATABASE_URL_FILE=/etc/tenantry/database-url tenantry copy --from sqlite:/var/lib/tenantry',
  backup: 'tenantry backup --to tenantry-backup.db',
  restore: 'tenantry restore --from tenantry-backup.db --data ./restored',
  load: 'tenantry load --data ./measure --tokens 10000 --sample tokens.txt',
  completion: 'source <(tenantry completion bash)',
  'admin-key create': "tenantry admin-key create --name 'directory sync' --scope users:write --expires 90d",
  'admin-key list': 'tenantry admin-key list',
  'admin-key revoke': 'tenantry admin-key revoke 5f0c2a9d1b7e4c33',
  'settings list': 'tenantry settings list',
  'settings set': 'tenantry settings set access_token_lifetime 600',
  'settings unset': 'tenantry settings unset access_token_lifetime',
  'audit list': 'tenantry audit list --company 1 --action installation.allowed',
  'audit export': 'tenantry audit export --company 1',
  'audit verify': 'tenantry audit verify',
  'user export': 'tenantry user export 777',
  'user erase': 'tenantry user erase 777 --yes',
  'company create': "tenantry company create --name 'Universal Exports' --domain universal-exports --country GB",
  'company list': 'tenantry company list --search exports',
  'company show': 'tenantry company show 2',
  'company set': "tenantry company set 2 --name 'Universal Exports Ltd' --domain universal",
  'company delete': 'tenantry company delete 2 --dry-run',
  'company release-domain': 'tenantry company release-domain universal-exports',
  'company suspend': 'tenantry company suspend 2',
  'company resume': 'tenantry company resume 2',
  'user create': 'tenantry user create --email q@mi6.example --name Q --locale en_GB --timezone Europe/London',
  'user list': 'tenantry user list --company 1 --search bond',
  'user show': 'tenantry user show 777',
  'user set': 'tenantry user set 777 --email james.bond@mi6.example --locale en_GB',
  'user deactivate': 'tenantry user deactivate 777',
  'user activate': 'tenantry user activate 777',
  'user unlock': 'tenantry user unlock 777',
  'user delete': 'tenantry user delete 777 --dry-run',
  'user set-password': 'tenantry user set-password 777',
  'member add': 'tenantry member add --company 1 --user 777 --admin yes',
  'member list': 'tenantry member list --company 1',
  'member set': 'tenantry member set --company 1 --user 777 --email j.bond@mi6.example',
  'member remove': 'tenantry member remove --company 1 --user 777 --yes',
  'app create': "tenantry app create --name 'My App' --redirect-uri https://app.example/callback --scope base",
  'app list': 'tenantry app list --search notes',
  'app show': 'tenantry app show 3f1c9a7be0d24c55',
  'app set': 'tenantry app set 3f1c9a7be0d24c55 --redirect-uri https://app.example/callback --scope base',
  'app delete': 'tenantry app delete 3f1c9a7be0d24c55 --dry-run',
  'app-policy show': 'tenantry app-policy show --company 1',
  'app-policy set': 'tenantry app-policy set --company 1 --default verified',
  'app-policy decide': 'tenantry app-policy decide --company 1 sandbox-app blocked',
  'app-policy requests': 'tenantry app-policy requests --company 1',
  'app-policy answer': 'tenantry app-policy answer --company 1 sandbox-app allowed --user 777 --for-all',
  'resource-server create':
    "tenantry resource-server create --name Notes --identifier 'https://notes.example.com/c/{company_domain}' --scope 'notes:write=Write notes'",
  'resource-server list': 'tenantry resource-server list --search notes',
  'resource-server show': 'tenantry resource-server show 1',
  'resource-server set': "tenantry resource-server set 1 --name 'Company notes' --describe-users yes",
  'resource-server delete': 'tenantry resource-server delete 1 --dry-run',
  'resource-server rotate-secret': 'tenantry resource-server rotate-secret 1 --keep-old 24h',
  'app rotate-secret': 'tenantry app rotate-secret 3f1c9a7be0d24c55 --keep-old 24h',
  'app disable': 'tenantry app disable 3f1c9a7be0d24c55',
  'app enable': 'tenantry app enable 3f1c9a7be0d24c55',
  'installation list': 'tenantry installation list --company 1 --user 777',
  'installation remove': 'tenantry installation remove --company 1 --user 777 --client 3f1c9a7be0d24c55 --yes',
  'token revoke': 'tenantry token revoke < token.txt',
  clean: 'tenantry clean --dry-run',
  'key list': 'tenantry key list',
  'key rotate': 'tenantry key rotate',
}

/** Adds an example to the help of every command. */
export function addExamples(program: Command, path: readonly string[] = []) {
  for (const command of program.commands) {
    const name = [...path, command.name()]
    const example = examples[name.join(' ')]
    if (example !== undefined) command.addHelpText('after', `\nExample:\n  ${example}`)
    addExamples(command, name)
  }
}
