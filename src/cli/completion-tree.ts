import type { Argument, Command, Option } from 'commander';

/** An option as a shell completes it. */
export interface CompletedOption {
  /** `--role` */
  readonly name: string;
  readonly description: string;
  /** What may stand behind it: nothing, one of some words, or anything. */
  readonly takes: 'nothing' | 'anything' | readonly string[];
  /** Whether more than one word may stand behind it. */
  readonly isVariadic: boolean;
}

/** A command as a shell completes it. */
export interface CompletedCommand {
  /** `user add`; empty for the program itself. */
  readonly path: string;
  /** And the words that an argument may be. */
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  /** Whether the name of a file is asked for. */
  readonly takesFile: boolean;
}

/** The first clause: a shell shows it on one line. */
const briefly = (description: string): string => description.split(/[;:(]/)[0]?.trim() ?? '';

const takenBy = (option: Option): CompletedOption['takes'] => {
  if (!option.required && !option.optional) return 'nothing';
  return option.argChoices ?? 'anything';
};

const optionsOf = (command: Command): readonly CompletedOption[] => [
  ...command.options.map((option) => ({
    name: option.long ?? '',
    description: briefly(option.description),
    takes: takenBy(option),
    isVariadic: option.variadic,
  })),
  { name: '--help', description: 'display help for command', takes: 'nothing', isVariadic: false },
];

const wordsOf = ({ argChoices = [], description }: Argument) =>
  argChoices.map((name) => ({ name, description: briefly(description) }));

/** The program and all commands below it; options of the program may stand behind each of them. */
export const completionTree = (program: Command): readonly CompletedCommand[] => {
  const everywhere = optionsOf(program).filter(({ name }) => name === '--json');
  const walk = (command: Command, path: string): readonly CompletedCommand[] => [
    {
      path,
      commands: [
        ...command.commands.map((each) => ({ name: each.name(), description: briefly(each.description()) })),
        ...command.registeredArguments.flatMap(wordsOf),
      ],
      options: [...optionsOf(command), ...(command === program ? [] : everywhere)],
      takesFile: command.registeredArguments.some((argument) => argument.name() === 'file'),
    },
    ...command.commands.flatMap((each) => walk(each, `${path} ${each.name()}`.trim())),
  ];
  return walk(program, '');
};
