import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { run } from './offhook.ts';

/** What bash offers behind these words, the last of which is being typed. */
const offered = async (...words: readonly string[]): Promise<readonly string[]> => {
  const { printed } = await run('completion bash');
  const script = `${printed}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _offhook; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script, 'bash', 'offhook', ...words], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((word) => word !== '');
};

describe('the completion of bash', () => {
  it.each([
    [['us'], ['user']],
    [['client', 'r'], ['rotate']],
    [['user', 'add', '--ro'], ['--role']],
    [
      ['user', 'add', 'ada', '--role', ''],
      ['user', 'operator', 'admin'],
    ],
    [['user', 'set', 'ada', '--no-e'], ['--no-extension']],
    [['user', 'add', '--extension', ''], []],
    [['client', 'add', 'x', '--grants', 'password', 'ref'], ['refresh_token']],
    [['client', 'add', 'x', '--grants', 'password', '--js'], ['--json']],
    [['completion', 'z'], ['zsh']],
    [['backup', '/etc/passw'], expect.arrayContaining(['/etc/passwd'])],
    [['--json', 'phone', 'l'], ['list']],
  ])('offers behind %j: %j', async (words, offers) => {
    expect(await offered(...words)).toEqual(offers);
  });

  it('offers every command that the help names', async () => {
    const commands = (await run('--help')).printed.match(/(?<=^ {2})[a-z]+(?= )/gm) ?? [];
    expect(commands.length).toBeGreaterThan(10);
    expect(await offered('')).toEqual(expect.arrayContaining(commands.filter((name) => name !== 'help')));
  });
});

describe('the completion of zsh and fish', () => {
  it.each(['zsh', 'fish'])('knows every command and option: %s', async (shell) => {
    const { printed } = await run(`completion ${shell}`);
    const paths = ['user add', 'client set', 'call end', 'config check'].filter((path) => !printed.includes(path));
    expect(paths).toEqual([]);
    expect(printed).toMatch(/redirect-uri/);
    expect(printed).toMatch(/operator/);
  });
});
