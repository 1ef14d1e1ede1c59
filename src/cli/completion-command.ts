import { Argument, type Command } from 'commander';
import { completionScript, shells } from './completion-scripts.ts';
import { completionTree } from './completion-tree.ts';
import { UsageError } from './errors.ts';
import type { Terminal } from './terminal.ts';

/** `completion`; after all other commands, which it knows. */
export const addCompletionCommand = (program: Command, { print }: Terminal): void => {
  const argument = new Argument('<shell>', 'whose completion to print');
  argument.argChoices = shells;
  program
    .command('completion')
    .description('print what makes a shell complete these commands: source <(offhook completion bash)')
    .addArgument(argument)
    .action((name: string) => {
      const shell = shells.find((each) => each === name);
      if (shell === undefined) throw new UsageError(`The shell is one of ${shells.join(', ')}`);
      print(completionScript(shell, completionTree(program)));
    });
};
