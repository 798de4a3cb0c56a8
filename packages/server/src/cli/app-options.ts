import { Option } from 'commander'
import { INSTALLS } from '../apps/app-input.ts'
import { ID_TOKEN_ALGORITHMS } from '../config/id-token-algorithms.ts'
import { PROFILES } from '../tokens/scopes.ts'

export function installOption(): Option {
  return new Option(
    '--install <for>',
    'whether one member installs it, an administrator for the company, or both',
  ).choices([...INSTALLS])
}

export function profileOption(): Option {
  return new Option('--profile <profile>', 'how it speaks OAuth; fapi2 needs keys').choices([...PROFILES])
}

export function idTokenAlgorithmOption(): Option {
  return new Option('--id-token-algorithm <name>', 'how its ID tokens are signed; RS256 when not given').choices([
    ...ID_TOKEN_ALGORITHMS,
  ])
}
