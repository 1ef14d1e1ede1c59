import type { CompletedCommand, CompletedOption } from './completion-tree.ts';

type Tree = readonly CompletedCommand[];

/** In single quotes, for every shell of ours but fish, which escapes in its own way. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const quotedForFish = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

/** An option in its place: `user add --role`. */
const placesOf = (
  tree: Tree,
  isWanted: (option: CompletedOption) => boolean,
): readonly (readonly [string, CompletedOption])[] =>
  tree.flatMap(({ path, options }) =>
    options
      .filter(isWanted)
      .map((option): readonly [string, CompletedOption] => [`${path} ${option.name}`.trim(), option]),
  );

const pathsOf = (tree: Tree): readonly string[] => tree.map(({ path }) => path).filter((path) => path !== '');
const takesAnything = ({ takes }: CompletedOption): boolean => takes === 'anything';
const takesWords = ({ takes }: CompletedOption): boolean => typeof takes !== 'string';
const wordsOf = ({ takes }: CompletedOption): readonly string[] => (typeof takes === 'string' ? [] : takes);

const patterns = (texts: readonly string[]): string => (texts.length === 0 ? "''" : texts.map(quoted).join(' | '));

/** What bash and zsh share: which command the words before the cursor name, and the option that the last of them belong to. */
const findPlace = (tree: Tree, words: string): readonly string[] => [
  `  for word in ${words}; do`,
  '    case "$word" in --*) option="$word" ;; esac',
  '    case "${place:+$place }$word" in',
  `      ${patterns(pathsOf(tree))}) place="\${place:+$place }$word" ;;`,
  '    esac',
  '  done',
];

const offerBash = (tree: Tree): readonly string[] => [
  '  case "${place:+$place }$previous" in',
  `    ${patterns(placesOf(tree, takesAnything).map(([place]) => place))}) return ;;`,
  '  esac',
  '  case "${place:+$place }$option" in',
  ...placesOf(tree, takesWords).map(([place, option]) => {
    // Behind an option that takes one word, the second word is no longer its own.
    const test = option.isVariadic ? '' : `[ "$previous" = ${quoted(option.name)} ] && `;
    return `    ${quoted(place)}) ${test}words=${quoted(wordsOf(option).join(' '))} ;;`;
  }),
  '  esac',
  '  if [ -z "$words" ] || [ "${current#-}" != "$current" ]; then',
  '    case "$place" in',
  ...tree.map(({ path, commands, options, takesFile }) => {
    const names = [...commands.map(({ name }) => name), ...options.map(({ name }) => name)].join(' ');
    const files = takesFile ? ' files=yes' : '';
    return `      ${quoted(path)}) words=${quoted(names)}${files} ;;`;
  }),
  '    esac',
  '  fi',
];

const bash = (tree: Tree): readonly string[] => [
  '# Completion of offhook for bash: source <(offhook completion bash)',
  '_offhook() {',
  '  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"',
  "  local place='' option='' words='' files='' word",
  '  COMPREPLY=()',
  ...findPlace(tree, '"${COMP_WORDS[@]:1:COMP_CWORD-1}"'),
  ...offerBash(tree),
  '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
  '  if [ -n "$files" ]; then COMPREPLY+=($(compgen -f -- "$current")); fi',
  '}',
  'complete -F _offhook offhook',
];

/** `name:what it does`, as `_describe` takes it. */
const described = (name: string, description: string): string => quoted(`${name}:${description}`);

const zsh = (tree: Tree): readonly string[] => [
  '#compdef offhook',
  '# Completion of offhook for zsh: source <(offhook completion zsh)',
  '_offhook() {',
  '  local current="${words[CURRENT]}" previous="${words[CURRENT-1]}"',
  "  local place='' option='' word",
  '  local -a commands options values',
  ...findPlace(tree, '"${(@)words[2,CURRENT-1]}"'),
  '  case "${place:+$place }$previous" in',
  `    ${patterns(placesOf(tree, takesAnything).map(([place]) => place))}) return ;;`,
  '  esac',
  '  case "${place:+$place }$option" in',
  ...placesOf(tree, takesWords).map(([place, option]) => {
    const test = option.isVariadic ? '' : `[[ "$previous" == ${quoted(option.name)} ]] && `;
    return `    ${quoted(place)}) ${test}values=(${wordsOf(option).map(quoted).join(' ')}) ;;`;
  }),
  '  esac',
  '  if (( ${#values} )) && [[ "$current" != -* ]]; then compadd -a values; return; fi',
  '  case "$place" in',
  ...tree.flatMap(({ path, commands, options, takesFile }) => [
    `    ${quoted(path)})`,
    `      commands=(${commands.map(({ name, description }) => described(name, description)).join(' ')})`,
    `      options=(${options.map(({ name, description }) => described(name, description)).join(' ')})`,
    ...(takesFile ? ['      [[ "$current" == -* ]] || _files'] : []),
    '      ;;',
  ]),
  '  esac',
  '  (( ${#commands} )) && _describe command commands',
  '  [[ "$current" == -* ]] && _describe option options',
  '}',
  'if [ "$funcstack[1]" = _offhook ]; then _offhook; else compdef _offhook offhook; fi',
];

const fishLine = (path: string, rest: string): string =>
  `complete -c offhook -n ${quotedForFish(`__offhook_place_is ${quotedForFish(path)}`)} ${rest}`;

const fishOption = ({ name, description, takes }: CompletedOption): string => {
  const values = typeof takes === 'string' ? '' : ` -a ${quotedForFish(takes.join(' '))}`;
  return `-l ${name.slice(2)}${takes === 'nothing' ? '' : ' -x'}${values} -d ${quotedForFish(description)}`;
};

const fish = (tree: Tree): readonly string[] => [
  '# Completion of offhook for fish: offhook completion fish | source',
  'function __offhook_place_is',
  "  set -l place ''",
  '  for word in (commandline -opc)[2..]',
  '    switch (string trim "$place $word")',
  `      case ${pathsOf(tree).map(quotedForFish).join(' ')}`,
  '        set place (string trim "$place $word")',
  '    end',
  '  end',
  '  test "$place" = "$argv[1]"',
  'end',
  'complete -c offhook -f',
  ...tree.flatMap(({ path, commands, options, takesFile }) => [
    ...commands.map(({ name, description }) =>
      fishLine(path, `-a ${quotedForFish(name)} -d ${quotedForFish(description)}`),
    ),
    ...options.map((option) => fishLine(path, fishOption(option))),
    ...(takesFile ? [fishLine(path, '-F')] : []),
  ]),
];

const scripts = { bash, zsh, fish } as const;

export type Shell = keyof typeof scripts;
export const shells = Object.keys(scripts) as Shell[];

/** The script with which a shell completes our commands. */
export const completionScript = (shell: Shell, tree: Tree): string => scripts[shell](tree).join('\n');
