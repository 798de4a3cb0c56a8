import { Argument, type Command } from 'commander'

/** `tenantry completion <shell>`: a script that completes commands and their options. */
export function addCompletionCommand(program: Command) {
  program
    .command('completion')
    .description('print a script that completes commands in your shell')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .action((shell: 'bash' | 'zsh' | 'fish') => {
      const words = wordsOf(program)
      console.log(shell === 'fish' ? fishScript(words) : `${shell === 'zsh' ? ZSH_HEAD : ''}${bashScript(words)}`)
    })
}

/** What may follow each command, by the words before it. */
function wordsOf(command: Command, path: readonly string[] = []): Map<string, string[]> {
  const options = command.options.filter(({ hidden }) => !hidden).map(({ long }) => long ?? '')
  const own = [...command.commands.map(each => each.name()), ...options.filter(option => option !== ''), '--help']
  const below = command.commands.flatMap(each => [...wordsOf(each, [...path, each.name()])])
  return new Map([[path.join(' '), own] as const, ...below])
}

const ZSH_HEAD = 'autoload -U +X bashcompinit && bashcompinit\n'

function bashScript(words: Map<string, string[]>): string {
  const cases = [...words].map(([path, next]) => `    '${path}') next='${next.join(' ')}' ;;`)
  return `_tenantry() {
  local word path='' next=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  while :; do
    case "$path" in
${cases.join('\n')}
    esac
    [ -n "$next" ] && break
    case "$path" in *' '*) path="\${path% *}" ;; *) path='' ;; esac
  done
  COMPREPLY=( $(compgen -W "$next" -- "\${COMP_WORDS[COMP_CWORD]}") )
}
complete -o default -F _tenantry tenantry`
}

function fishScript(words: Map<string, string[]>): string {
  const lines = [...words].map(([path, next]) => {
    const condition =
      path === ''
        ? '__fish_use_subcommand'
        : path
            .split(' ')
            .map(word => `__fish_seen_subcommand_from ${word}`)
            .join('; and ')
    return `complete -c tenantry -n '${condition}' -a '${next.join(' ')}'`
  })
  return lines.join('\n')
}
