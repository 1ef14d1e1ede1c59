import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { json, offhook, run, useDirectory } from './offhook.ts';

const directory = useDirectory();

const settings = (content: string | object): string => {
  const file = join(directory.path(), 'offhook.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  process.env['OFFHOOK_CONFIG'] = file;
  return file;
};

describe('config check', () => {
  it('says that a configuration can be used, and what it is', async () => {
    settings({ trunks: [{ name: 'carrier', uri: 'sip:10.0.0.5' }] });
    const { printed, said } = await run('config check');
    expect(said).toBe('The configuration can be used.');
    expect(printed).toMatch(/^sandbox +off$/m);
    expect(printed).toMatch(/^trunks +carrier$/m);
  });

  it('names every mistake: of the variables, of the file, and of what only a start would find', async () => {
    process.env['PORT'] = 'http';
    process.env['OFFHOOK_PUBLICURL'] = 'https://phone.example.com';
    const file = settings({ policy: { home_country: 'UK' }, routes: 1 });
    const mistakes = [
      'PORT: is not a port, 0 to 65535',
      `OFFHOOK_CONFIG ${file}: routes: Invalid input: expected array, received number`,
      `OFFHOOK_CONFIG ${file}: policy.home_country: is not a country of two capital letters (ISO 3166-1)`,
      'OFFHOOK_PUBLICURL: there is no such variable',
    ];
    const said = `offhook: The configuration has 4 mistakes:\n  ${mistakes.join('\n  ')}`;
    expect(await offhook('config check')).toEqual({ code: 1, printed: '', said });
    const asJson = await offhook('config check --json');
    expect(asJson).toMatchObject({ code: 1, said });
    expect(JSON.parse(asJson.printed)).toEqual({ ok: false, mistakes });
    delete process.env['PORT'];
    delete process.env['OFFHOOK_PUBLICURL'];
    settings({
      clients: [
        { id: 'shop', redirect_uris: ['http://example.com'] },
        { id: 'offhook', redirect_uris: ['https://shop.example/back'] },
        { id: 'night', grants: ['client_credentials'], scopes: ['cal'] },
      ],
    });
    expect((await offhook('config check')).said.split('\n').slice(1)).toEqual([
      expect.stringMatching(/^ {2}clients\[0\]\.redirect_uris: http:\/\/example\.com must be https/),
      '  clients[1].id: belongs to the service itself',
      '  clients[2].scopes: there is no scope cal',
      '  clients[2].grants: client_credentials needs a secret',
    ]);
  });

  it('shows the line where the file is no JSON, and no secret in it', async () => {
    const file = settings(
      '{\n  "trunks": [\n    { "name": "carrier", "password": "hush-hush" "register": true }\n  ]\n}',
    );
    expect(await offhook('config check')).toEqual({
      code: 1,
      printed: '',
      said: [
        'offhook: The configuration has a mistake:',
        `  OFFHOOK_CONFIG ${file}: is not JSON: line 3, column 50: a comma or } is expected`,
        '        { "****": "*******", "password": "*********" "********": **** }',
        `    ${' '.repeat(49)}^`,
      ].join('\n'),
    });
  });

  it('makes neither a database nor a key', async () => {
    expect(await json('config check')).toEqual({ ok: true, mistakes: [] });
    expect(await offhook('backup copy.db')).toMatchObject({ code: 1 });
  });
});
